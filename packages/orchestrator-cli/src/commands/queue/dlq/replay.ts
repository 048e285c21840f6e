import type { LetterReplay } from '@codegen/sdk';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { chosenIds, letterArgs, letterFlags } from '../../../letter-flags.js';
import { QueueCommand } from '../../../queue-command.js';
import { renderReplay } from '../../../render/queue.js';
import type { Screen } from '../../../render/screen.js';

/** Puts dead letters back into their queue. */
export default class QueueDlqReplay extends QueueCommand<LetterReplay> {
  static override description =
    'Each goes back once, as it was, with its request_id and without its counters; what fails again is a new dead ' +
    'letter. One whose secret was redacted cannot go back: publish it again. Exits with 5 where one or more of them stay.';
  static override args = letterArgs;
  static override flags = {
    ...letterFlags,
    code: Flags.string({ description: 'With --all: only those of this code', helpValue: 'CODE', dependsOn: ['all'] }),
  };
  static override examples = [
    'orchestrator queue dlq replay engineering:queue 1760000000000-0',
    'orchestrator queue dlq replay engineering:queue --all --code transient --dry-run',
  ];
  static override failsWith = [...QueueCommand.failsWith, 'CONFLICT'] as const;

  async run(): Promise<LetterReplay> {
    const { args, flags } = await this.parse(QueueDlqReplay);
    const { signal } = this;
    const { all, code } = flags;
    const ids = chosenIds(args, { '--all': all });
    return await this.onQueue(args.queue, flags, async (client, queue) => {
      const choice = ids ? { ids } : ({ all: true, ...(code !== undefined && { code }) } as const);
      const report = await client.queues.replay(queue, choice, { dryRun: flags['dry-run'], signal });
      if (report.refused.length > 0 && (!report.dry_run || report.replayed.length === 0)) throw someStay(report);
      return report;
    });
  }

  render(report: LetterReplay, screen: Screen): string {
    return renderReplay(report, screen);
  }
}

function someStay({ stream, replayed, refused }: LetterReplay): OrchestratorError {
  const [first] = refused;
  const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
  const went = replayed.length === 0 ? 'nothing can go back' : `${replayed.length} went back, ${refused.length} stay`;
  return new OrchestratorError('CONFLICT', `${went}: ${first?.id}: ${first?.reason}${more}`, {
    details: { replayed, refused },
    next: [{ command: paste`orchestrator queue dlq list ${stream} --json`, when: 'to see their messages' }],
  });
}
