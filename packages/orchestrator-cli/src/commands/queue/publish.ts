import type { PublishedMessage } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { readMessage } from '../../operations/read-message.js';
import { absent, inputRequired } from '../../prompts.js';
import { QueueCommand, queueArg } from '../../queue-command.js';
import { renderPublished } from '../../render/queue.js';
import type { Screen } from '../../render/screen.js';

/** Puts a message into a queue. */
export default class QueuePublish extends QueueCommand<PublishedMessage> {
  static override description =
    'The message is checked against the contract of the queue first; what the contract has a default for may be left ' +
    'out. Secrets in plain are refused: send references. A repeated call with the same key is one message, for a day.';
  static override args = queueArg;
  static override flags = {
    input: Flags.string({ description: 'The message as JSON, from a file or standard input (-)', helpValue: 'FILE' }),
    set: Flags.string({
      description: 'A field of the message; may be given again, wins over --input',
      helpValue: 'NAME=VALUE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'dry-run': Flags.boolean({ description: 'Only check the message' }),
    'idempotency-key': Flags.string({
      description: 'Makes a repeated call the same message; in CI it follows from run, command and input',
      helpValue: 'KEY',
    }),
  };
  static override examples = [
    'orchestrator queue publish engineering:queue --input message.json',
    'orchestrator queue publish deploy:queue --set task_id=task_1 --set project_id=proj_1 --set user_id=0 --dry-run',
    'orchestrator queue publish worker:responses --input - --json < answer.json',
  ];
  static override failsWith = [...QueueCommand.failsWith, 'VALIDATION_FAILED', 'IDEMPOTENCY_MISMATCH'] as const;

  async run(): Promise<PublishedMessage> {
    const { args, flags } = await this.parse(QueuePublish);
    const { signal } = this;
    if (flags.input === undefined && !flags.set) {
      throw inputRequired([...absent({ QUEUE: args.queue }), absent({ '--input': undefined, '--set': undefined })]);
    }
    return await this.onQueue(args.queue, flags, async (client, queue) => {
      const { message, fields } = await readMessage(flags, signal);
      const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], { queue, message, fields });
      const options = { fields, dryRun: flags['dry-run'], idempotencyKey, signal };
      const published = await client.queues.publish(queue, message, options);
      const { warnings, meta } = this.runtime;
      meta.correlation_id = String(published.message.correlation_id ?? meta.correlation_id);
      const unknown = published.ignored_fields;
      if (unknown.length > 0) warnings.push(`the contract knows no field ${unknown.join(', ')}: left out`);
      if (published.request_id === null) delete meta.idempotency_key;
      if (published.request_id === null && flags['idempotency-key'] !== undefined) {
        warnings.push(`messages of ${queue} are not told apart by a key: a repeated call adds another one`);
      }
      if (published.duplicate) this.onReplay();
      return published;
    });
  }

  render(published: PublishedMessage, screen: Screen): string {
    return renderPublished(published, screen);
  }
}
