import { type CreateTask, MAX_SPEC_BYTES, type Task } from '@codegen/contracts';
import { z } from 'zod';
import { readPayload } from '../../input/document.js';
import { startInput } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { readSpec } from '../../input/spec.js';
import { defineCommand } from '../../kit/define-command.js';
import { absent, ask, inputRequired } from '../../kit/prompts.js';
import type { Screen } from '../../kit/screen.js';
import { type StartedTask, startAndFollow } from '../../operations/start-and-follow.js';
import { renderStarted } from '../../render/started.js';

/** What `--input` may hold. */
const engineeringTask = ({ createTask, taskType }: typeof import('@codegen/contracts')) =>
  createTask.extend({ type: taskType.extract(['engineering']) });

export default defineCommand({
  id: 'engineering.start',
  summary: 'Have something built: a spec becomes code on main',
  effect: 'change',
  description:
    'The spec says what is wanted, in any language and up to 1 MiB. It reaches the agent byte for byte. ' +
    'Without --wait the command returns the task at once.',
  input: () =>
    z.object({
      spec: z.string().min(1).max(MAX_SPEC_BYTES).optional().meta({
        description: 'What is wanted; - reads standard input',
        value: 'TEXT',
        mayBeEmpty: true,
        tool: 'What is wanted, in any language, 1 MiB at most',
        neededByTools: true,
      }),
      spec_file: z.string().optional().meta({ description: 'File that says what is wanted', value: 'FILE' }),
      ...startInput(),
    }),
  examples: [
    'orchestrator engineering start --project todo-api --spec "Lists with deadlines" --wait',
    'orchestrator engineering start --project todo-api --spec-file spec.md --wait=15m',
    'cat spec.md | orchestrator engineering start --project todo-api --spec - --json',
    'orchestrator engineering start --project todo-api --spec-file spec.md --dry-run',
    'orchestrator engineering start --input task.json --json',
  ],
  failsWith: ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'CONFLICT', 'STILL_RUNNING', 'NETWORK'],

  async run(input, context): Promise<StartedTask> {
    const { client, settings } = await context.client();
    const own = await readSpec(input, context.signal);
    const payload = await readPayload<CreateTask>(input.input, engineeringTask, context.signal);
    const given = own ?? payload.spec ?? undefined;
    const inputs = {
      spec: { name: '--spec', question: 'What is wanted?' },
      file: { name: '--spec-file', question: '' },
    };
    const named = input.project ?? payload.project ?? settings.project;
    if (given === undefined && !context.mayPrompt) {
      throw inputRequired([...absent({ '--project': named }), [inputs.spec, inputs.file]]);
    }
    const project = await chooseProject(client, named, context.asking);
    context.project = project;
    const spec = given ?? (await ask(inputs.spec, context.signal));
    const { correlation_id: correlationId = context.runtime.meta.correlation_id, callback_stream } = payload;
    const order = { project, spec, correlationId, callbackStream: callback_stream ?? undefined };
    const about = { project, spec, ...(callback_stream && { callback_stream }) };
    const call = { signal: context.signal, idempotencyKey: context.idempotencyKey(about) };
    const starter = {
      start: () => client.engineering.start(order, call),
      check: (): Promise<Task> => client.engineering.check(order, call),
    };
    const dryRun = input.dry_run || payload.dry_run;
    return await startAndFollow(client, starter, context.runtime, { ...input, dry_run: dryRun });
  },

  render(task: StartedTask, screen: Screen, context): string {
    return renderStarted(task, screen, context.project);
  },
});
