import type { LetterPurge, PurgeChoice } from '@codegen/sdk';
import { paste } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { parseDuration } from '../../../duration.js';
import { chosenIds, letterArgs, letterFlags } from '../../../letter-flags.js';
import { confirm } from '../../../prompts.js';
import { QueueCommand } from '../../../queue-command.js';
import { renderPurge } from '../../../render/queue.js';
import type { Screen } from '../../../render/screen.js';
import { yesFlag } from '../../../start-flags.js';

/** Removes dead letters for good. */
export default class QueueDlqPurge extends QueueCommand<LetterPurge> {
  static override description =
    'They do not come back. Asks first in a terminal, elsewhere needs --yes. Consumers remove dead letters by ' +
    'themselves after 30 days.';
  static override args = letterArgs;
  static override flags = {
    ...letterFlags,
    'older-than': Flags.string({ description: 'Those given up longer ago than this', helpValue: '7d' }),
    ...yesFlag,
  };
  static override examples = [
    'orchestrator queue dlq purge engineering:queue 1760000000000-0',
    'orchestrator queue dlq purge engineering:queue --older-than 7d --yes',
    'orchestrator queue dlq purge worker:commands --all --dry-run',
  ];

  async run(): Promise<LetterPurge> {
    const { args, flags } = await this.parse(QueueDlqPurge);
    const { signal } = this;
    const older = flags['older-than'];
    const ids = chosenIds(args, { '--all': flags.all, '--older-than': older });
    return await this.onQueue(args.queue, flags, async (client, queue) => {
      const choice: PurgeChoice = ids
        ? { ids }
        : older === undefined
          ? { all: true }
          : { olderThanMs: parseDuration(older, '--older-than') };
      if (flags['dry-run'] || !flags.yes) {
        const planned = await client.queues.purge(queue, choice, { dryRun: true, signal });
        if (flags['dry-run'] || planned.purged === 0) return planned;
        const which = args.ids ? paste`${args.ids}` : older === undefined ? '--all' : paste`--older-than ${older}`;
        const what = `${planned.purged} dead letter${planned.purged === 1 ? '' : 's'} of ${queue}`;
        const command = `${paste`orchestrator queue dlq purge ${queue}`} ${which}`;
        await confirm(`Remove ${what} for good?`, { yes: false, mayAsk: this.mayPrompt(flags), command, signal });
      }
      const report = await client.queues.purge(queue, choice, { signal });
      if (report.missing.length > 0) this.runtime.warnings.push(`not there: ${report.missing.join(', ')}`);
      return report;
    });
  }

  render(report: LetterPurge, screen: Screen): string {
    return renderPurge(report, screen);
  }
}
