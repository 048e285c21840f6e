import type { WorkerConfig } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';
import { readPayload } from './document.js';
import { exactText, readFileOf } from './files.js';

/** What describes a worker on the command line. */
export interface WorkerFlags {
  agent?: string | undefined;
  agent_config?: string | undefined;
  name?: string | undefined;
  type?: string | undefined;
  capability?: string[] | undefined;
  env?: string[] | undefined;
  repo?: string | undefined;
  read_only?: boolean | undefined;
  instructions_file?: string | undefined;
  allow?: string[] | undefined;
  input?: string | undefined;
}

/** The configuration of a worker: `--input`, and the flags over it. @throws OrchestratorError VALIDATION_FAILED, USAGE */
export async function readWorkerConfig(flags: WorkerFlags, signal: AbortSignal): Promise<WorkerConfig> {
  const payload: Partial<WorkerConfig> = await readPayload(flags.input, (all) => all.workerConfig, signal);
  const { workerConfig } = await import('@codegen/contracts');
  const agent = flags.agent ?? payload.agent ?? 'custom';
  const agentConfig = flags.agent_config ?? payload.agent_config;
  if (agent === 'custom' && agentConfig === undefined) {
    throw new OrchestratorError('INPUT_REQUIRED', '--agent-config is needed: which command the agent custom is', {
      details: { missing: ['--agent-config'] },
    });
  }
  const instructions = flags.instructions_file;
  const given = {
    agent,
    agent_config: agentConfig,
    name: flags.name,
    worker_type: flags.type,
    capabilities: flags.capability,
    env_vars: flags.env && { ...payload.env_vars, ...(await readReferences(flags.env)) },
    repo: flags.repo === undefined ? undefined : readRepo(flags.repo, flags.read_only ?? false),
    instructions:
      instructions === undefined
        ? undefined
        : exactText(await readFileOf(instructions, '--instructions-file', signal), '--instructions-file'),
    allowed_commands: flags.allow,
  };
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const name = agent === 'custom' ? agentConfig : agent;
  const parsed = workerConfig.safeParse({ name, capabilities: [], env_vars: {}, ...payload, ...chosen });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new OrchestratorError('VALIDATION_FAILED', `the configuration does not fit: ${text}`, { details: { errors } });
}

/** What a command line shows to every other user of the machine may not be a secret. */
async function readReferences(given: readonly string[]): Promise<Record<string, string>> {
  const { parseReference } = await import('@codegen/contracts');
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      const name = text.slice(0, at);
      if (at < 1 || !/^[A-Za-z_]\w*$/.test(name)) {
        throw new OrchestratorError('USAGE', '--env takes NAME=REFERENCE, such as APP_MODE=env:APP_MODE');
      }
      const reference = text.slice(at + 1);
      if (parseReference(reference)) return [name, reference];
      const message = `--env ${name} must be a reference (vault:…, env:NAME, none:); give what is no secret in --input`;
      throw new OrchestratorError('VALIDATION_FAILED', message);
    }),
  );
}

function readRepo(text: string, readOnly: boolean): { repo_full_name: string; ref: string; read_only: boolean } {
  const match = /^(\w[\w.-]*\/\w[\w.-]*)(?:@(\w[\w./-]*))?$/.exec(text);
  if (!match?.[1]) throw new OrchestratorError('USAGE', '--repo takes ORG/REPO or ORG/REPO@REF');
  return { repo_full_name: match[1], ref: match[2] ?? 'main', read_only: readOnly };
}
