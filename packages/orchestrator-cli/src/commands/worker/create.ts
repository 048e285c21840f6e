import type { WorkerConfig } from '@codegen/contracts';
import type { CreatedWorker } from '@codegen/sdk';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import { z } from 'zod';
import { optionalDuration } from '../../input/duration.js';
import { timeoutInput } from '../../input/fields.js';
import { readWorkerConfig } from '../../input/worker-config.js';
import type { Context } from '../../kit/context.js';
import { defineCommand } from '../../kit/define-command.js';
import { withNext } from '../../kit/errors.js';
import type { Screen } from '../../kit/screen.js';
import { onWorkers, workerErrors } from '../../operations/on-workers.js';
import { checkAllowed } from '../../permissions.js';

/** What came of the command: a worker, or only its checked configuration. */
type Created = CreatedWorker | { worker_id: null; dry_run: true; config: WorkerConfig };

const HELP = 'orchestrator worker create --help';

export default defineCommand({
  id: 'worker.create',
  summary: 'Start a worker: one agent with a place of its own',
  effect: 'change',
  description:
    'Waits until it has started, a minute unless --timeout says otherwise. A repeated call with the same key is one ' +
    'worker. Variables are those that the operator leaves to messages (allowEnv in the agents file); secrets among them are ' +
    'given as references (vault:…, env:NAME), never in plain. ALLOWED_COMMANDS has worker.create.env for them.',
  input: () =>
    z.object({
      agent: z
        .enum(['claude-code', 'factory-droid', 'codex', 'custom'])
        .optional()
        .meta({ description: 'What it runs; custom by default' }),
      agent_config: z
        .string()
        .optional()
        .meta({ description: "For custom: a command of the operator's agents file", value: 'NAME' }),
      name: z.string().optional().meta({ description: 'What people call it; the name of the agent by default' }),
      type: z
        .enum(['developer', 'po'])
        .optional()
        .meta({ description: 'developer by default; po talks with a person' }),
      capability: z
        .array(z.string())
        .optional()
        .meta({ description: 'What it needs, such as git or node; may be given again' }),
      env: z
        .array(z.string())
        .optional()
        .meta({ description: 'A variable from a reference; may be given again', value: 'NAME=REF' }),
      repo: z
        .string()
        .optional()
        .meta({ description: 'What to clone, at main or a branch or commit', value: 'ORG/REPO[@REF]' }),
      read_only: z
        .boolean()
        .optional()
        .meta({ description: 'Push nothing, whatever the agent changes', needs: ['repo'] }),
      instructions_file: z
        .string()
        .optional()
        .meta({ description: 'What the agent is told once and for all', value: 'FILE' }),
      allow: z
        .array(z.string())
        .optional()
        .meta({ description: 'A command that the agent may call; may be given again', value: 'ID' }),
      input: z.string().optional().meta({
        description: 'The whole configuration as JSON, from a file or standard input (-); other flags win over it',
        value: 'FILE',
      }),
      dry_run: z
        .boolean()
        .optional()
        .meta({ description: 'Only check the configuration, and ask worker-manager whether it has the agent' }),
      idempotency_key: z.string().optional().meta({
        description: 'Makes a repeated call the same worker; in CI it follows from run, command and input',
        value: 'KEY',
      }),
      ...timeoutInput(),
    }),
  examples: [
    'orchestrator worker create --agent-config demo --repo local/proj_1',
    'orchestrator worker create --agent-config mine --env APP_MODE=env:APP_MODE --capability git',
    'orchestrator worker create --input worker.json --dry-run',
  ],
  failsWith: [...workerErrors, 'VALIDATION_FAILED', 'IDEMPOTENCY_MISMATCH', 'STILL_RUNNING'],

  async run(input, context): Promise<Created> {
    const { signal } = context;
    const config = await readWorkerConfig(input, signal);
    if (Object.keys(config.env_vars).length > 0) checkAllowed('worker.create.env', context.runtime.env);
    if (input.dry_run) {
      context.runtime.warnings.push(await checkAgent(context, config));
      return { worker_id: null, dry_run: true, config };
    }
    const idempotencyKey = context.idempotencyKey(config);
    const timeoutMs = optionalDuration(input.timeout, '--timeout');
    try {
      const options = { idempotencyKey, onReplay: context.onReplay, timeoutMs, signal };
      return await onWorkers(context, (client) => client.workers.create(config, options));
    } catch (error) {
      if (!isOrchestratorError(error)) throw error;
      // The refusal says what there is, and whose it is to change.
      const refused = error.code === 'NOT_FOUND' || error.code === 'FORBIDDEN';
      if (refused) throw withNext(error, [{ command: HELP, when: 'to see what a worker may be given' }]);
      if (error.code !== 'STILL_RUNNING') throw error;
      const { worker_id } = error.details as { worker_id: string };
      throw withNext(error, [
        { command: `orchestrator worker get ${worker_id}`, when: 'to see whether it has started' },
      ]);
    }
  },

  render(created: Created, { paint }: Screen): string {
    if (created.worker_id === null) return paint.yellow('The configuration is well formed; nothing was created.');
    const next = `${paint.bold('Next:')} orchestrator worker send ${created.worker_id} "What to do"`;
    return `${paint.green('started')}  ${created.worker_id}\n\n${next}`;
  },
});

/**
 * What a dry run leaves open, in words. Where worker-manager cannot be reached, that is the agent too.
 * @throws OrchestratorError NOT_FOUND where worker-manager has no such agent
 */
async function checkAgent(context: Context, { agent, agent_config: name }: WorkerConfig): Promise<string> {
  const { signal } = context;
  const asked = agent === 'custom' ? String(name) : agent;
  const agents = await onWorkers(context, (client) => client.workers.agents({ signal })).catch((error: unknown) => {
    signal.throwIfAborted();
    if (isOrchestratorError(error)) return undefined;
    throw error;
  });
  if (!agents) {
    return `worker-manager did not answer: whether it has the agent ${asked} and gives it these variables is told when the worker is created`;
  }
  if (agent === 'custom' && agents.includes(asked)) {
    return 'whether the agent may have these variables is told when the worker is created';
  }
  const why = agent === 'custom' ? 'there is no agent named' : 'use --agent-config: there is no agent';
  throw new OrchestratorError('NOT_FOUND', `${why} ${asked}; the agents file knows: ${agents.join(', ') || 'none'}`, {
    choices: agents,
    next: [{ command: HELP, when: 'to see what a worker may be given' }],
  });
}
