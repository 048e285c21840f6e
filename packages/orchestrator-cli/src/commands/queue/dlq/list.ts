import type { DeadLetterItem } from '@codegen/sdk';
import { pickFields, readFields } from '../../../fields.js';
import { listFlags } from '../../../list-flags.js';
import { QueueCommand, queueArg } from '../../../queue-command.js';
import { renderList } from '../../../render/list.js';
import { letterColumns } from '../../../render/queue.js';
import type { Screen } from '../../../render/screen.js';

/** Names of a dead letter's fields, for `--fields`. */
const FIELDS = [
  'id',
  'added_at',
  'code',
  'error',
  'error_type',
  'attempts',
  'service',
  'correlation_id',
  'refusal',
  'message',
  'fields',
];

interface Letters {
  items: Partial<DeadLetterItem>[];
  next_cursor: string | null;
}

/** Lists a queue's dead letters. */
export default class QueueDlqList extends QueueCommand<Letters> {
  static override description =
    'Messages that could not be handled, oldest first, with why and how often they were tried. With --json each has ' +
    'its message too. Secrets are redacted.';
  static override args = queueArg;
  static override flags = listFlags;
  static override examples = [
    'orchestrator queue dlq list engineering:queue',
    'orchestrator queue dlq list worker:commands --fields id,code,message --json',
  ];

  private fields: string[] | undefined;

  async run(): Promise<Letters> {
    const { args, flags } = await this.parse(QueueDlqList);
    this.fields = readFields(flags.fields, FIELDS);
    const { limit, cursor } = flags;
    const { signal } = this;
    const page = await this.onQueue(args.queue, flags, (client, queue) =>
      client.queues.deadLetters(queue, { limit, cursor, signal }),
    );
    return { ...page, items: page.items.map((letter) => pickFields(letter, this.fields)) };
  }

  render(page: Letters, screen: Screen): string {
    const view = { columns: letterColumns(screen), fields: this.fields, empty: 'No dead letters.' };
    return renderList(page as { items: DeadLetterItem[]; next_cursor: string | null }, view, screen);
  }
}
