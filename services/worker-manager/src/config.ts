import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from '@codegen/sdk/queue';
import {
  type Environment,
  readAll,
  readApi,
  readLater,
  readRedisUrl,
  readText,
  readWholeNumber,
} from '@codegen/sdk/service';
import { textOf } from '@codegen/sdk/text';
import { type AgentCommand, isArgv, readAgentsFile } from './agents-file.js';
import type { Runtime } from './runtimes/runtime.js';

export interface WorkerManagerConfig {
  redisUrl: string;
  /** For secrets, and for where the repositories of projects are; without it, neither is to be had. */
  api?: { url: string; token: string };
  /** One folder per worker below it. Belongs to one manager at a time. */
  workersDir: string;
  /** The folder of the bare repositories: a `clone_url` that is a path leads to one in it. */
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
  /** Milliseconds that a stop waits for tasks whose workers have begun, and for turns; not at all by default. */
  drainMs?: number;
  /** Milliseconds without any turn after which it waits no more; two minutes by default. */
  drainQuietMs?: number;
  /** What this manager is called, at every start, and no other one; by default it follows from its machine and folder. */
  name?: string;
  /** Milliseconds until a manager that does not renew its lease may be taken for gone; 6,000 by default. */
  leaseMs?: number;
  /** Where workers run; processes of this account by default. */
  runtime?: Runtime;
  logger?: Logger;
}

/** Reads the environment. @throws {Error} naming the variable that is missing or wrong */
export async function readConfig(env: Environment): Promise<WorkerManagerConfig> {
  const { maxWorkers, terminateGraceMs, leaseMs, drainSeconds, wrapperCommand, ...config } = readAll({
    redisUrl: () => readRedisUrl(env),
    api: () => readApi(env),
    workersDir: () => resolve(readText(env, 'WORKERS_DIR', 'the folder for the workers')),
    reposDir: () => resolve(readText(env, 'REPOS_DIR', 'the folder with the bare repositories')),
    agents: await readLater(readAgents(env)),
    openVariables: () => readOpenVariables(env),
    maxWorkers: () => readWholeNumber(env, 'MAX_WORKERS', { min: 1 }),
    terminateGraceMs: () => readWholeNumber(env, 'TERMINATE_GRACE_MS', { min: 0 }),
    leaseMs: () => readWholeNumber(env, 'LEASE_MS', { min: 1000, max: 600_000 }),
    drainSeconds: () => readWholeNumber(env, 'DRAIN_TIMEOUT', { min: 0, max: 7 * 86_400 }),
    wrapperCommand: () => env.WRAPPER_COMMAND && argv('WRAPPER_COMMAND', env.WRAPPER_COMMAND),
  });
  return {
    ...config,
    ...(maxWorkers !== undefined && { maxWorkers }),
    ...(terminateGraceMs !== undefined && { terminateGraceMs }),
    ...(env.INSTANCE && { name: env.INSTANCE }),
    ...(leaseMs !== undefined && { leaseMs }),
    ...(drainSeconds !== undefined && { drainMs: drainSeconds * 1000 }),
    ...(wrapperCommand && { wrapperCommand }),
  };
}

/** What of this process's environment a worker's wrapper gets. */
export function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'LANG', 'TZ', 'LOG_LEVEL', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
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

const VARIABLE = /^[A-Za-z_]\w*$/;

async function readAgents(env: Environment): Promise<Record<string, AgentCommand>> {
  const file = readText(env, 'AGENTS_FILE', 'a JSON file: {"name": {"command": ["program", "argument"]}}');
  try {
    return await readAgentsFile(file, env);
  } catch (error) {
    throw new Error(`AGENTS_FILE: ${textOf(error)}`, { cause: error });
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
