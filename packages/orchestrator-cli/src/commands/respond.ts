import { RESPOND_SOCKET, type Responded, respond } from '@codegen/sdk';
import { type ErrorCode, OrchestratorError } from '@codegen/sdk/errors';
import * as Args from '@oclif/core/args';
import { BaseCommand } from '../base-command.js';
import { inputRequired } from '../prompts.js';
import { exactText, readStdin } from '../read-input.js';
import type { Screen } from '../render/screen.js';

/** Says something to the user, from inside a worker. */
export default class Respond extends BaseCommand<Responded> {
  static override description =
    'For agents, while their turn lasts: the text goes to the person at once, and the turn goes on; its last text still ' +
    'is its result. From a worker that writes code it is an event of the task. Up to 16 KiB, and 30 messages a minute. ' +
    'Needs no token: the worker passes it on.';
  static override args = {
    text: Args.string({ description: 'What to say; - for standard input', ignoreStdin: true }),
  };
  static override examples = [
    'orchestrator respond "Which port shall it listen on?"',
    'orchestrator respond - < summary.md',
  ];
  static override readonly failsWith: readonly ErrorCode[] = ['VALIDATION_FAILED', 'CONFLICT', 'REDIS_UNAVAILABLE'];

  async run(): Promise<Responded> {
    const { args } = await this.parse(Respond);
    const socketPath = this.runtime.env[RESPOND_SOCKET];
    if (!socketPath) {
      throw new OrchestratorError('USAGE', 'respond works inside of a worker only, while its turn lasts', {
        next: [{ command: 'orchestrator worker send WORKER "TEXT"', when: 'to say something to a worker instead' }],
      });
    }
    if (args.text === undefined) throw inputRequired([{ name: 'TEXT', question: 'Text:' }]);
    const text = args.text === '-' ? exactText(await readStdin(this.signal), 'the text') : args.text;
    return await respond(text, { socketPath, signal: this.signal });
  }

  render({ delivered }: Responded, { paint }: Screen): string {
    return paint.green(delivered === 'user' ? 'said' : 'noted as progress of the task');
  }
}
