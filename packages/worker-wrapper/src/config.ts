import { agentName, workerType } from '@codegen/contracts';

/** Everything a worker is told at its start. */
export interface WrapperConfig {
  readonly workerId: string;
  readonly workerType: 'developer' | 'po';
  readonly redisUrl: string;
  readonly agent: {
    readonly name: string;
    /** From the operator's configuration, never from a message. */
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Names in `env` whose values must not show up in anything the agent says. */
    readonly secretNames: readonly string[];
  };
  readonly repo?: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
  /** The worker's own folder; holds `repo`, `home`, `tmp`, `outbox` and `answered`. */
  readonly workerDir: string;
  readonly terminateGraceMs: number;
  /** Milliseconds that an agent may linger after its result. */
  readonly lingerMs: number;
  /** What the agent and git get of this process's environment. */
  readonly path: string;
  readonly lang: string;
  readonly logLevel: string;
}

/** Reads the environment. @throws {Error} naming the variable that is missing or wrong */
export function readConfig(env: NodeJS.ProcessEnv): WrapperConfig {
  const required = (name: string): string => {
    const value = env[name];
    if (!value) throw new Error(`${name} is not set. worker-manager sets it when it starts a worker.`);
    return value;
  };
  const agent = agentName.safeParse(env.AGENT ?? 'custom');
  if (!agent.success) throw new Error(`AGENT must be one of ${agentName.options.join(', ')}.`);
  const type = workerType.safeParse(env.WORKER_TYPE ?? 'developer');
  if (!type.success) throw new Error(`WORKER_TYPE must be one of ${workerType.options.join(', ')}.`);
  return {
    workerId: required('WORKER_ID'),
    workerType: type.data,
    redisUrl: required('REDIS_URL'),
    agent: {
      name: agent.data,
      command: stringList('AGENT_COMMAND', env.AGENT_COMMAND ?? '[]'),
      env: stringMap('AGENT_ENV', env.AGENT_ENV ?? '{}'),
      secretNames: stringList('AGENT_SECRET_NAMES', env.AGENT_SECRET_NAMES ?? '[]'),
    },
    ...(env.REPO_URL && {
      repo: { url: env.REPO_URL, ref: env.REPO_REF || 'main', readOnly: env.REPO_READ_ONLY === 'true' },
    }),
    workerDir: required('WORKER_DIR'),
    terminateGraceMs: milliseconds('TERMINATE_GRACE_MS', env.TERMINATE_GRACE_MS, 10_000),
    lingerMs: milliseconds('LINGER_MS', env.LINGER_MS, 3000),
    path: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    lang: env.LANG ?? 'C.UTF-8',
    logLevel: env.LOG_LEVEL ?? 'info',
  };
}

function stringList(name: string, text: string): string[] {
  const value = json(name, text);
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new Error(`${name} must be a JSON list of strings.`);
}

function stringMap(name: string, text: string): Record<string, string> {
  const value = json(name, text);
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isMap && Object.values(value).every((one) => typeof one === 'string')) return value as Record<string, string>;
  throw new Error(`${name} must be a JSON object of strings.`);
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the value.
    throw new Error(`${name} is not JSON.`);
  }
}

function milliseconds(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new Error(`${name} must be a whole number of milliseconds, 0 or more.`);
}
