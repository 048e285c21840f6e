import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { userCacheFolder } from '@codegen/api';
import { OrchestratorError } from '@codegen/sdk/errors';
import { readLogLevel } from '@codegen/sdk/service';
import { messageOf } from '@codegen/sdk/text';
import { type AgentCommand, AgentsFileError, readAgentsFile, readOpenVariables } from '@codegen/worker-manager';
import { projectTestsCommand } from '@codegen/worker-wrapper';
import { dataFolderOf } from './data-folder.js';

export interface StackConfig {
  dataDir: string;
  /** Port of the API; 0 uses the last one, or any free one. */
  port: number;
  /** Name of the developer agent. */
  agent: string;
  agents: Record<string, AgentCommand>;
  /** Variables of this process that messages may reference as `env:NAME`. */
  openVariables: string[];
  /** Seconds a developer's turn may take. */
  turnTimeoutSeconds: number;
  /** Milliseconds between SIGTERM and SIGKILL of an agent; worker-manager has the default. */
  terminateGraceMs: number | undefined;
  /** Milliseconds that a release may take to become healthy; infra-service has the default. */
  healthTimeoutMs: number | undefined;
  deployPorts: { from: number; to: number };
  templateDir: string;
  /** Whether to log in this account's command line. */
  login: boolean;
  logLevel: string;
  /** The operator's environment, for the processes that the stack starts. */
  environment: NodeJS.ProcessEnv;
  /** Folder for a prepared database, so that new data folders start faster. */
  cacheFolder: string | undefined;
}

/** Settings of a system of separate processes. */
export interface SystemPlan {
  /** The folder to write, absolute. */
  readonly dir: string;
  readonly config: StackConfig;
  /** Empty if the operator fills it in later. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly host: string;
  /** The account that the units run as. */
  readonly user: string;
  /** The folder with the programs, as named in the units. */
  readonly release: string;
}

/** The folder of this release. */
export const releaseFolder = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The agents that come with the project. */
const ownAgents: Record<string, AgentCommand> = {
  demo: { command: [process.execPath, join(releaseFolder, 'examples', 'agents', 'demo-agent.js')] },
  'project-tests': { command: projectTestsCommand() },
};

/**
 * Reads flags and environment.
 * @throws OrchestratorError USAGE, which names the invalid flag or variable
 */
export async function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<StackConfig> {
  const { values } = parseFlags(argv);
  const agentsFile = values['agents-file'] ?? env.AGENTS_FILE;
  const agents = { ...ownAgents, ...(agentsFile ? await readAgents(agentsFile, env) : {}) };
  const agent = values.agent ?? env.ORCHESTRATOR_AGENT ?? 'demo';
  if (!agents[agent]) {
    throw usage(`there is no agent named ${JSON.stringify(agent)}; known: ${Object.keys(agents).sort().join(', ')}`);
  }
  const templateDir = resolve(
    values['template-dir'] ?? env.TEMPLATE_DIR ?? join(releaseFolder, 'templates', 'service'),
  );
  if (!(await isFolder(templateDir))) throw usage(`the template ${templateDir} (--template-dir) is not a folder`);
  return {
    dataDir: dataFolderOf(values['data-dir'], env),
    port: wholeNumber('--port', values.port ?? env.PORT ?? '0', 0, 65_535),
    agent,
    agents,
    openVariables: asUsage(() => readOpenVariables(env)),
    turnTimeoutSeconds: wholeNumber('--turn-timeout', values['turn-timeout'] ?? env.TURN_TIMEOUT ?? '1800', 1, 86_400),
    terminateGraceMs: optionalWholeNumber('TERMINATE_GRACE_MS', env),
    healthTimeoutMs: optionalWholeNumber('HEALTH_TIMEOUT_MS', env),
    deployPorts: portRange('--deploy-ports', values['deploy-ports'] ?? env.DEPLOY_PORTS ?? '18000-18999'),
    templateDir,
    login: values.login ?? false,
    logLevel: asUsage(() => readLogLevel(env)),
    environment: env,
    cacheFolder: userCacheFolder(env),
  };
}

function parseFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        'data-dir': { type: 'string' },
        port: { type: 'string' },
        agent: { type: 'string' },
        'agents-file': { type: 'string' },
        'turn-timeout': { type: 'string' },
        'deploy-ports': { type: 'string' },
        'template-dir': { type: 'string' },
        login: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw usage(messageOf(error));
  }
}

async function readAgents(path: string, env: NodeJS.ProcessEnv): Promise<Record<string, AgentCommand>> {
  return await readAgentsFile(path, env).catch((error: unknown) => {
    if (!(error instanceof AgentsFileError)) throw error;
    const errors = [...error.problems];
    const message = errors.length === 1 ? error.message : `the agents file ${path} has ${errors.length} errors`;
    throw new OrchestratorError('USAGE', message, { cause: error, details: { errors } });
  });
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

/** Turns errors of a reader of variables into USAGE. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw usage(messageOf(error), error);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < min || value > max) {
    throw usage(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
  }
  return value;
}

function portRange(name: string, text: string): { from: number; to: number } {
  const [, from = 0, to = 0] = (/^(\d{1,5})-(\d{1,5})$/.exec(text) ?? []).map(Number);
  if (from >= 1 && from <= to && to <= 65_535) return { from, to };
  throw usage(`${name} must be FROM-TO, two ports from 1 to 65535 such as 18000-18999, not ${JSON.stringify(text)}`);
}

function optionalWholeNumber(name: string, env: NodeJS.ProcessEnv): number | undefined {
  return env[name] ? wholeNumber(name, env[name], 1, 3_600_000) : undefined;
}

function usage(message: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError('USAGE', message, { cause });
}
