import type { CreateTask, Task } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { chooseProject } from '../../operations/choose-project.js';
import { readPayload } from '../../operations/read-payload.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import type { Screen } from '../../render/screen.js';
import { renderStarted } from '../../render/started.js';
import { startFlags } from '../../start-flags.js';
import { withNext } from '../../translate-error.js';

/** What `--input` may hold: a deploy takes no spec. */
const deployTask = ({ createTask, taskType }: typeof import('@codegen/contracts')) =>
  createTask.omit({ spec: true }).extend({ type: taskType.extract(['deploy']) });

/** Starts a deploy task. */
export default class DeployStart extends BaseCommand<StartedTask> {
  static override description =
    'A release that does not answer leaves the old one serving. ' +
    'Without --wait the command returns the task at once.';
  static override flags = {
    anyway: Flags.boolean({
      description: 'Also where engineering has failed so far, and main holds only the template',
    }),
    ...startFlags,
  };
  static override optionalValues = ['wait'];
  static override examples = [
    'orchestrator deploy start --project todo-api --wait',
    'orchestrator deploy start --project todo-api --json',
  ];
  static override failsWith = [
    'PROJECT_NOT_FOUND',
    'UNAUTHENTICATED',
    'NOTHING_TO_DEPLOY',
    'NOT_BUILT',
    'STILL_RUNNING',
    'NETWORK',
  ] as const;

  async run(): Promise<StartedTask> {
    const { flags } = await this.parse(DeployStart);
    const { client, settings } = await this.client(flags);
    const payload = await readPayload<CreateTask>(flags.input, deployTask, this.signal);
    const project = await chooseProject(client, flags.project ?? payload.project ?? settings.project, {
      mayAsk: this.mayPrompt(flags),
      env: this.runtime.env,
      signal: this.signal,
    });
    const { correlation_id: correlationId = this.runtime.meta.correlation_id, callback_stream } = payload;
    const anyway = flags.anyway || payload.anyway || undefined;
    const order = { project, anyway, correlationId, callbackStream: callback_stream ?? undefined };
    // A commit that came since makes it another deploy, though the words are the same.
    const about = this.derivesKey(flags['idempotency-key'])
      ? await client.projects.get(project, { signal: this.signal })
      : undefined;
    const input = { project, commit: about?.main_sha, anyway, ...(callback_stream && { callback_stream }) };
    const call = { signal: this.signal, idempotencyKey: this.idempotencyKey(flags['idempotency-key'], input) };
    const starter = {
      start: () => client.deploy.start(order, call).catch((error) => this.refuse(error, client, project)),
      check: (): Promise<Task> =>
        client.deploy.check(order, call).catch((error) => this.refuse(error, client, project)),
    };
    const dryRun = flags['dry-run'] || payload.dry_run;
    return await startAndFollow(client, starter, this.runtime, { ...flags, 'dry-run': dryRun });
  }

  private async refuse(error: unknown, client: Orchestrator, project: string): Promise<never> {
    const [id] = (isOrchestratorError(error) && error.code === 'NOTHING_TO_DEPLOY' && error.choices) || [];
    // Who may start a deploy and see no task is told to start another one.
    const builder =
      id === undefined ? undefined : await client.tasks.get(id, { signal: this.signal }).catch(() => undefined);
    throw advise(error, project, builder);
  }

  render(task: StartedTask, screen: Screen): string {
    return renderStarted(task, screen);
  }
}

/** What to do about a project of which nothing is built yet. */
function advise(error: unknown, project: string, builder: Task | undefined): unknown {
  if (!isOrchestratorError(error)) return error;
  if (error.code === 'NOTHING_TO_DEPLOY' && builder) {
    const { id, status } = builder;
    const step =
      status === 'failed' || status === 'cancelled'
        ? { command: paste`orchestrator task retry ${id} --wait`, when: 'to have it built first' }
        : { command: paste`orchestrator engineering wait ${id}`, when: 'to wait until it is built; then again' };
    return withNext(error, [step]);
  }
  if (error.code === 'NOTHING_TO_DEPLOY') {
    const command = paste`orchestrator engineering start --project ${project} --spec TEXT --wait`;
    return withNext(error, [{ command, when: 'to have something built first' }]);
  }
  if (error.code !== 'NOT_BUILT') return error;
  const [task] = error.choices ?? [];
  return withNext(error, [
    ...(task === undefined
      ? []
      : [{ command: paste`orchestrator task retry ${task} --wait`, when: 'to have it built first' }]),
    { command: paste`orchestrator deploy start --project ${project} --anyway`, when: 'to put up what main holds' },
  ]);
}
