import type { CreateTask, Task } from '@codegen/contracts';
import type { Orchestrator } from '@codegen/sdk';
import { isOrchestratorError, paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { readPayload } from '../../input/document.js';
import { startInput } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import type { Screen } from '../../kit/screen.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import { renderStarted } from '../../render/started.js';

/** What `--input` may hold: a deploy takes no spec. */
const deployTask = ({ createTask, taskType }: typeof import('@codegen/contracts')) =>
  createTask.omit({ spec: true }).extend({ type: taskType.extract(['deploy']) });

export default defineCommand({
  id: 'deploy.start',
  summary: "Put a project's main branch at a URL",
  effect: 'change',
  description:
    'A release that does not answer leaves the old one serving. ' +
    'Without --wait the command returns the task at once.',
  input: () =>
    z.object({
      anyway: z
        .boolean()
        .optional()
        .meta({ description: 'Also where engineering has failed so far, and main holds only the template' }),
      ...startInput(),
    }),
  examples: [
    'orchestrator deploy start --project todo-api --wait',
    'orchestrator deploy start --project todo-api --json',
  ],
  failsWith: ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NOTHING_TO_DEPLOY', 'NOT_BUILT', 'STILL_RUNNING', 'NETWORK'],

  async run(input, context): Promise<StartedTask> {
    const { client, settings } = await context.client();
    const payload = await readPayload<CreateTask>(input.input, deployTask, context.signal);
    const named = input.project ?? payload.project ?? settings.project;
    const project = await chooseProject(client, named, context.asking);
    const { correlation_id: correlationId = context.runtime.meta.correlation_id, callback_stream } = payload;
    const anyway = input.anyway || payload.anyway || undefined;
    const order = { project, anyway, correlationId, callbackStream: callback_stream ?? undefined };
    // A commit that came since makes it another deploy, though the words are the same.
    const known = context.derivesKey ? await client.projects.get(project, { signal: context.signal }) : undefined;
    const about = { project, commit: known?.main_sha, anyway, ...(callback_stream && { callback_stream }) };
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey(about) };
    const starter = {
      start: () => client.deploy.start(order, call).catch((error) => refuse(context, error, client, project)),
      check: (): Promise<Task> =>
        client.deploy.check(order, call).catch((error) => refuse(context, error, client, project)),
    };
    const dryRun = input.dry_run || payload.dry_run;
    return await startAndFollow(client, starter, context.runtime, { ...input, dry_run: dryRun });
  },

  render(task: StartedTask, screen: Screen): string {
    return renderStarted(task, screen);
  },
});

async function refuse(context: Context, error: unknown, client: Orchestrator, project: string): Promise<never> {
  const [id] = (isOrchestratorError(error) && error.code === 'NOTHING_TO_DEPLOY' && error.choices) || [];
  // Who may start a deploy and see no task is told to start another one.
  const builder =
    id === undefined ? undefined : await client.tasks.get(id, { signal: context.signal }).catch(() => undefined);
  throw advise(error, project, builder);
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
