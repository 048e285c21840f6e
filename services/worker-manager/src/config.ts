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
  /** Names, and beginnings of names before a `*`, that a message may set. None by default; never one that `env` has. */
  allowEnv?: string[];
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
  /** Variables of this process that `env:` references in messages may name. None by default. */
  openVariables?: readonly string[];
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
    ...(env.WORKER_ENV_ALLOWLIST && { openVariables: readOpenVariables(env) }),
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

/** Names in WORKER_ENV_ALLOWLIST, separated by commas. @throws {Error} naming what is none */
export function readOpenVariables({ WORKER_ENV_ALLOWLIST: text = '' }: Environment): string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  const wrong = names.find((name) => !VARIABLE.test(name));
  if (wrong === undefined) return names;
  throw new Error(`WORKER_ENV_ALLOWLIST: ${JSON.stringify(wrong)} is no variable name; write NAME,OTHER_NAME.`);
}

/**
 * The agents that a file names.
 * @throws {Error} saying what does not fit; never with what the file holds
 */
export function parseAgents(text: string): Record<string, AgentCommand> {
  let agents: unknown;
  try {
    agents = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw new Error('it is not JSON');
  }
  const shape =
    'it must hold {"name": {"command": ["program", "argument"], "env": {"NAME": "value"}, "allowEnv": ["NAME", "APP_*"]}}';
  if (typeof agents !== 'object' || agents === null || Array.isArray(agents)) throw new Error(shape);
  for (const [name, agent] of Object.entries(agents)) {
    if (!isAgent(agent ?? {})) throw new Error(`the agent ${JSON.stringify(name)} does not fit: ${shape}`);
  }
  return agents as Record<string, AgentCommand>;
}

const VARIABLE = /^[A-Za-z_]\w*$/;

function isAgent({ command, env = {}, allowEnv = [] }: Partial<AgentCommand>): boolean {
  const isMap = typeof env === 'object' && env !== null && !Array.isArray(env);
  if (!isArgv(command) || !isMap || !Object.values(env).every((value) => typeof value === 'string')) return false;
  return Array.isArray(allowEnv) && allowEnv.every((one) => typeof one === 'string' && /^[A-Za-z_]\w*\*?$/.test(one));
}

function readAgents(env: Environment): Record<string, AgentCommand> {
  const path = readText(env, 'AGENTS_FILE', 'a JSON file: {"name": {"command": ["program", "argument"]}}');
  try {
    return parseAgents(readNamedFile(env, 'AGENTS_FILE') as string);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(text.startsWith('AGENTS_FILE') ? text : `AGENTS_FILE: ${path}: ${text}.`, { cause: error });
  }
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
