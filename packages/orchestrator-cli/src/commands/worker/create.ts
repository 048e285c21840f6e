import type { WorkerConfig } from '@codegen/contracts';
import type { CreatedWorker } from '@codegen/sdk';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import type { GlobalFlags } from '../../base-command.js';
import { parseDuration } from '../../duration.js';
import { readWorkerConfig } from '../../operations/read-worker-config.js';
import { checkAllowed } from '../../permissions.js';
import type { Screen } from '../../render/screen.js';
import { withNext } from '../../translate-error.js';
import { timeoutFlag, WorkerCommand } from '../../worker-command.js';

/** What came of the command: a worker, or only its checked configuration. */
type Created = CreatedWorker | { worker_id: null; dry_run: true; config: WorkerConfig };

const HELP = 'orchestrator worker create --help';
const many = { multiple: true, multipleNonGreedy: true } as const;

/** Creates a worker. */
export default class WorkerCreate extends WorkerCommand<Created> {
  static override description =
    'Waits until it has started, a minute unless --timeout says otherwise. A repeated call with the same key is one ' +
    'worker. Variables are those that the operator leaves to messages (allowEnv in the agents file); secrets among them are ' +
    'given as references (vault:…, env:NAME), never in plain. ALLOWED_COMMANDS has worker.create.env for them.';
  static override flags = {
    agent: Flags.string({
      description: 'What it runs; custom by default',
      options: ['claude-code', 'factory-droid', 'codex', 'custom'],
    }),
    'agent-config': Flags.string({
      description: "For custom: a command of the operator's agents file",
      helpValue: 'NAME',
    }),
    name: Flags.string({ description: 'What people call it; the name of the agent by default' }),
    type: Flags.string({ description: 'developer by default; po talks with a person', options: ['developer', 'po'] }),
    capability: Flags.string({ description: 'What it needs, such as git or node; may be given again', ...many }),
    env: Flags.string({
      description: 'A variable from a reference; may be given again',
      helpValue: 'NAME=REF',
      ...many,
    }),
    repo: Flags.string({ description: 'What to clone, at main or a branch or commit', helpValue: 'ORG/REPO[@REF]' }),
    'read-only': Flags.boolean({ description: 'Push nothing, whatever the agent changes', dependsOn: ['repo'] }),
    'instructions-file': Flags.string({ description: 'What the agent is told once and for all', helpValue: 'FILE' }),
    allow: Flags.string({
      description: 'A command that the agent may call; may be given again',
      helpValue: 'ID',
      ...many,
    }),
    input: Flags.string({
      description: 'The whole configuration as JSON, from a file or standard input (-); other flags win over it',
      helpValue: 'FILE',
    }),
    'dry-run': Flags.boolean({
      description: 'Only check the configuration, and ask worker-manager whether it has the agent',
    }),
    'idempotency-key': Flags.string({
      description: 'Makes a repeated call the same worker; in CI it follows from run, command and input',
      helpValue: 'KEY',
    }),
    ...timeoutFlag,
  };
  static override examples = [
    'orchestrator worker create --agent-config demo --repo local/proj_1',
    'orchestrator worker create --agent-config mine --env APP_MODE=env:APP_MODE --capability git',
    'orchestrator worker create --input worker.json --dry-run',
  ];
  static override failsWith = [
    ...WorkerCommand.failsWith,
    'VALIDATION_FAILED',
    'IDEMPOTENCY_MISMATCH',
    'STILL_RUNNING',
  ] as const;

  async run(): Promise<Created> {
    const { flags } = await this.parse(WorkerCreate);
    const { signal } = this;
    const config = await readWorkerConfig(flags, signal);
    if (Object.keys(config.env_vars).length > 0) checkAllowed('worker.create.env', this.runtime.env);
    if (flags['dry-run']) {
      this.runtime.warnings.push(await this.checkAgent(config, flags));
      return { worker_id: null, dry_run: true, config };
    }
    const idempotencyKey = this.idempotencyKey(flags['idempotency-key'], config);
    const timeoutMs = flags.timeout === undefined ? undefined : parseDuration(flags.timeout, '--timeout');
    try {
      const options = { idempotencyKey, onReplay: this.onReplay, timeoutMs, signal };
      return await this.onWorkers(flags, (client) => client.workers.create(config, options));
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
  }

  /**
   * What a dry run leaves open, in words. Where worker-manager cannot be reached, that is the agent too.
   * @throws OrchestratorError NOT_FOUND where worker-manager has no such agent
   */
  private async checkAgent({ agent, agent_config: name }: WorkerConfig, flags: GlobalFlags): Promise<string> {
    const { signal } = this;
    const asked = agent === 'custom' ? String(name) : agent;
    const agents = await this.onWorkers(flags, (client) => client.workers.agents({ signal })).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        if (isOrchestratorError(error)) return undefined;
        throw error;
      },
    );
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

  render(created: Created, { paint }: Screen): string {
    if (created.worker_id === null) return paint.yellow('The configuration is well formed; nothing was created.');
    const next = `${paint.bold('Next:')} orchestrator worker send ${created.worker_id} "What to do"`;
    return `${paint.green('started')}  ${created.worker_id}\n\n${next}`;
  }
}
