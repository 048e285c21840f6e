import type { LetterPurge, PurgeChoice } from '@codegen/sdk';
import { paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { chosenIds } from '../../../input/dead-letters.js';
import { parseDuration } from '../../../input/duration.js';
import { deadLetterInput, yesInput } from '../../../input/fields.js';
import { defineCommand } from '../../../kit/define-command.js';
import { confirm } from '../../../kit/prompts.js';
import type { Screen } from '../../../kit/screen.js';
import { onQueue, redisErrors } from '../../../operations/on-redis.js';
import { renderPurge } from '../../../render/queue.js';

export default defineCommand({
  id: 'queue.dlq.purge',
  summary: 'Remove dead letters for good',
  effect: 'destroy',
  description:
    'They do not come back. Asks first in a terminal, elsewhere needs --yes. Consumers remove dead letters by ' +
    'themselves after 30 days.',
  input: () =>
    z.object({
      ...deadLetterInput(),
      older_than: z.string().optional().meta({ description: 'Those given up longer ago than this', value: '7d' }),
      ...yesInput(),
    }),
  examples: [
    'orchestrator queue dlq purge engineering:queue 1760000000000-0',
    'orchestrator queue dlq purge engineering:queue --older-than 7d --yes',
    'orchestrator queue dlq purge worker:commands --all --dry-run',
  ],
  failsWith: redisErrors,

  async run(input, context): Promise<LetterPurge> {
    const { signal } = context;
    const older = input.older_than;
    const ids = chosenIds(input, { '--all': input.all, '--older-than': older });
    return await onQueue(context, input.queue, async (client, queue) => {
      const choice: PurgeChoice = ids
        ? { ids }
        : older === undefined
          ? { all: true }
          : { olderThanMs: parseDuration(older, '--older-than') };
      if (input.dry_run || !input.yes) {
        const planned = await client.queues.purge(queue, choice, { dryRun: true, signal });
        if (input.dry_run || planned.purged === 0) return planned;
        const which = input.ids ? paste`${input.ids}` : older === undefined ? '--all' : paste`--older-than ${older}`;
        const what = `${planned.purged} dead letter${planned.purged === 1 ? '' : 's'} of ${queue}`;
        const command = `${paste`orchestrator queue dlq purge ${queue}`} ${which}`;
        await confirm(`Remove ${what} for good?`, { yes: false, mayAsk: context.mayPrompt, command, signal });
      }
      const report = await client.queues.purge(queue, choice, { signal });
      if (report.missing.length > 0) context.runtime.warnings.push(`not there: ${report.missing.join(', ')}`);
      return report;
    });
  },

  render(report: LetterPurge, screen: Screen): string {
    return renderPurge(report, screen);
  },
});
