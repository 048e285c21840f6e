import type { LetterReplay } from '@codegen/sdk';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { chosenIds } from '../../../input/dead-letters.js';
import { deadLetterInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import type { Screen } from '../../../kit/screen.js';
import { onQueue, redisErrors } from '../../../operations/on-redis.js';
import { renderReplay } from '../../../render/queue.js';

export default defineCommand({
  id: 'queue.dlq.replay',
  summary: 'Put dead letters back into their queue',
  effect: 'change',
  description:
    'Each goes back once, as it was, with its request_id and without its counters; what fails again is a new dead ' +
    'letter. One whose secret was redacted cannot go back: publish it again. Exits with 5 where one or more of them stay.',
  input: () =>
    z.object({
      ...deadLetterInput(),
      code: z
        .string()
        .optional()
        .meta({ description: 'With --all: only those of this code', value: 'CODE', needs: ['all'] }),
    }),
  examples: [
    'orchestrator queue dlq replay engineering:queue 1760000000000-0',
    'orchestrator queue dlq replay engineering:queue --all --code transient --dry-run',
  ],
  failsWith: [...redisErrors, 'CONFLICT'],

  async run(input, context): Promise<LetterReplay> {
    const { signal } = context;
    const { all, code } = input;
    const ids = chosenIds(input, { '--all': all });
    return await onQueue(context, input.queue, async (client, queue) => {
      const choice = ids ? { ids } : ({ all: true, ...(code !== undefined && { code }) } as const);
      const report = await client.queues.replay(queue, choice, { ...(input.dry_run && { dryRun: true }), signal });
      if (report.refused.length > 0 && (!report.dry_run || report.replayed.length === 0)) throw someStay(report);
      return report;
    });
  },

  render(report: LetterReplay, screen: Screen): string {
    return renderReplay(report, screen);
  },
});

function someStay({ stream, replayed, refused }: LetterReplay): OrchestratorError {
  const [first] = refused;
  const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
  const went = replayed.length === 0 ? 'nothing can go back' : `${replayed.length} went back, ${refused.length} stay`;
  return new OrchestratorError('CONFLICT', `${went}: ${first?.id}: ${first?.reason}${more}`, {
    details: { replayed, refused },
    next: [{ command: paste`orchestrator queue dlq list ${stream} --json`, when: 'to see their messages' }],
  });
}
