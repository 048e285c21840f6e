import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from '@codegen/sdk/queue';
import {
  type Environment,
  readApi,
  readNamedFile,
  readRedisUrl,
  readText,
  readWholeNumber,
} from '@codegen/sdk/service';

/** A command that a custom agent may be. Values in `env` may be references. */
export interface AgentCommand {
  command: string[];
  env?: Record<string, string>;
}

export interface WorkerManagerConfig {
  redisUrl: string;
  /** For secrets; without it, references to the vault cannot be resolved. */
  api?: { url: string; token: string };
  /** One folder per worker below it. Belongs to one manager at a time. */
  workersDir: string;
  /** Bare repositories: `<org>/<repo>.git`. */
  reposDir: string;
  /** What messages may name as `agent_config`. */
  agents: Record<string, AgentCommand>;
  /** Workers at a time; 8 by default. Further ones wait. */
  maxWorkers?: number;
  /** Argv of the worker-wrapper; by default the one that is installed with this service. */
  wrapperCommand?: string[];
  /** Milliseconds between two looks at the workers; 1000 by default. */
  reconcileMs?: number;
  /** Milliseconds that an agent gets between SIGTERM and SIGKILL; 10,000 by default. */
  terminateGraceMs?: number;
  /** Name among the consumers of the queue. */
  instance?: string;
  logger?: Logger;
}

/** Reads the environment. @throws {Error} naming the variable that is missing or wrong */
export function readConfig(env: Environment): WorkerManagerConfig {
  const maxWorkers = readWholeNumber(env, 'MAX_WORKERS', { min: 1 });
  const terminateGraceMs = readWholeNumber(env, 'TERMINATE_GRACE_MS', { min: 0 });
  return {
    redisUrl: readRedisUrl(env),
    ...(env.API_URL && { api: readApi(env) }),
    workersDir: resolve(readText(env, 'WORKERS_DIR', 'the folder for the workers')),
    reposDir: resolve(readText(env, 'REPOS_DIR', 'the folder with the bare repositories')),
    agents: readAgents(env),
    ...(maxWorkers !== undefined && { maxWorkers }),
    ...(terminateGraceMs !== undefined && { terminateGraceMs }),
    ...(env.WRAPPER_COMMAND && { wrapperCommand: argv('WRAPPER_COMMAND', env.WRAPPER_COMMAND) }),
    ...(env.INSTANCE && { instance: env.INSTANCE }),
  };
}

/** What of this process's environment a worker's wrapper gets. */
export function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'LANG', 'TZ', 'LOG_LEVEL'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** This process's own variables, for `env:` references. */
export function ownVariable(name: string): string | undefined {
  return process.env[name];
}

/** The wrapper that is installed beside this service: an executable like the agents, not a library. */
export function installedWrapper(): string[] {
  const entry = createRequire(import.meta.url).resolve('@codegen/worker-wrapper');
  return [process.execPath, join(dirname(entry), 'main.js')];
}

function readAgents(env: Environment): Record<string, AgentCommand> {
  const path = readText(env, 'AGENTS_FILE', 'a JSON file: {"name": {"command": ["program", "argument"]}}');
  let agents: unknown;
  try {
    agents = JSON.parse(readNamedFile(env, 'AGENTS_FILE') as string);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Error(`AGENTS_FILE: ${path} is not JSON.`, { cause });
  }
  const shape = 'must hold {"name": {"command": ["program", "argument"], "env": {"NAME": "value"}}}';
  if (typeof agents !== 'object' || agents === null) throw new Error(`AGENTS_FILE: ${path} ${shape}.`);
  for (const [name, agent] of Object.entries(agents)) {
    const { command, env = {} } = (agent ?? {}) as Partial<AgentCommand>;
    const fits = isArgv(command) && Object.values(env).every((value) => typeof value === 'string');
    if (!fits) throw new Error(`AGENTS_FILE: the agent ${JSON.stringify(name)} does not fit. ${path} ${shape}.`);
  }
  return agents as Record<string, AgentCommand>;
}

function argv(name: string, text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (isArgv(value)) return value;
  } catch {
    // The parser's message would quote the value.
  }
  throw new Error(`${name} must be a JSON list: ["program", "argument"].`);
}

function isArgv(value: unknown): value is string[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string');
}
