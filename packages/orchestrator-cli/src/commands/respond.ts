import { RESPOND_SOCKET, type Responded, respond } from '@codegen/sdk';
import { OrchestratorError } from '@codegen/sdk/errors';
import { z } from 'zod';
import { exactText, readStdin } from '../input/files.js';
import { defineCommand } from '../kit/define-command.js';
import { inputRequired } from '../kit/prompts.js';
import type { Screen } from '../kit/screen.js';

export default defineCommand({
  id: 'respond',
  summary: 'From inside a worker: say something to the user',
  effect: 'change',
  description:
    'For agents, while their turn lasts: the text goes to the person at once, and the turn goes on; its last text still ' +
    'is its result. From a worker that writes code it is an event of the task. Up to 16 KiB, and 30 messages a minute. ' +
    'Needs no token: the worker passes it on.',
  input: () =>
    z.object({
      text: z.string().optional().meta({
        positional: true,
        description: 'What to say; - for standard input',
        neededByTools: true,
      }),
    }),
  examples: ['orchestrator respond "Which port shall it listen on?"', 'orchestrator respond - < summary.md'],
  failsWith: ['VALIDATION_FAILED', 'CONFLICT', 'REDIS_UNAVAILABLE'],

  async run(input, context): Promise<Responded> {
    const socketPath = context.runtime.env[RESPOND_SOCKET];
    if (!socketPath) {
      throw new OrchestratorError('USAGE', 'respond works inside of a worker only, while its turn lasts', {
        next: [{ command: 'orchestrator worker send WORKER "TEXT"', when: 'to say something to a worker instead' }],
      });
    }
    if (input.text === undefined) throw inputRequired([{ name: 'TEXT', question: 'Text:' }]);
    const text = input.text === '-' ? exactText(await readStdin(context.signal), 'the text') : input.text;
    return await respond(text, { socketPath, signal: context.signal });
  },

  render({ delivered }: Responded, { paint }: Screen): string {
    return paint.green(delivered === 'user' ? 'said' : 'noted as progress of the task');
  },
});
