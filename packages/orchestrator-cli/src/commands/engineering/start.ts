import type { CreateTask, Task } from '@codegen/contracts';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { readPayload } from '../../operations/read-payload.js';
import { readSpec } from '../../operations/read-spec.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import { absent, ask, inputRequired } from '../../prompts.js';
import type { Screen } from '../../render/screen.js';
import { renderStarted } from '../../render/started.js';
import { startFlags } from '../../start-flags.js';

/** What `--input` may hold. */
const engineeringTask = ({ createTask, taskType }: typeof import('@codegen/contracts')) =>
  createTask.extend({ type: taskType.extract(['engineering']) });

/** Starts an engineering task. */
export default class EngineeringStart extends BaseCommand<StartedTask> {
  static override description =
    'The spec says what is wanted, in any language and up to 1 MiB. It reaches the agent byte for byte. ' +
    'Without --wait the command returns the task at once.';
  static override flags = {
    spec: Flags.string({ description: 'What is wanted; - reads standard input', helpValue: 'TEXT' }),
    'spec-file': Flags.string({ description: 'File that says what is wanted', helpValue: 'FILE' }),
    ...startFlags,
  };
  static override optionalValues = ['wait'];
  static override mayBeEmpty = ['spec'];
  static override examples = [
    'orchestrator engineering start --project todo-api --spec "Lists with deadlines" --wait',
    'orchestrator engineering start --project todo-api --spec-file spec.md --wait=15m',
    'cat spec.md | orchestrator engineering start --project todo-api --spec - --json',
    'orchestrator engineering start --project todo-api --spec-file spec.md --dry-run',
    'orchestrator engineering start --input task.json --json',
  ];
  static override failsWith = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'CONFLICT', 'STILL_RUNNING', 'NETWORK'] as const;

  private project: string | undefined;

  async run(): Promise<StartedTask> {
    const { flags } = await this.parse(EngineeringStart);
    const { client, settings } = await this.client(flags);
    const mayAsk = this.mayPrompt(flags);
    const own = await readSpec(flags, this.signal);
    const payload = await readPayload<CreateTask>(flags.input, engineeringTask, this.signal);
    const given = own ?? payload.spec ?? undefined;
    const inputs = {
      spec: { name: '--spec', question: 'What is wanted?' },
      file: { name: '--spec-file', question: '' },
    };
    const named = flags.project ?? payload.project ?? settings.project;
    if (given === undefined && !mayAsk) {
      throw inputRequired([...absent({ '--project': named }), [inputs.spec, inputs.file]]);
    }
    const project = await chooseProject(client, named, { mayAsk, signal: this.signal, env: this.runtime.env });
    this.project = project;
    const spec = given ?? (await ask(inputs.spec, this.signal));
    const { correlation_id: correlationId = this.runtime.meta.correlation_id, callback_stream } = payload;
    const order = { project, spec, correlationId, callbackStream: callback_stream ?? undefined };
    const input = { project, spec, ...(callback_stream && { callback_stream }) };
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key'], input) };
    const starter = {
      start: () => client.engineering.start(order, call),
      check: (): Promise<Task> => client.engineering.check(order, call),
    };
    const dryRun = flags['dry-run'] || payload.dry_run;
    return await startAndFollow(client, starter, this.runtime, { ...flags, 'dry-run': dryRun });
  }

  render(task: StartedTask, screen: Screen): string {
    return renderStarted(task, screen, this.project);
  }
}
