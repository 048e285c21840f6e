import { agentName, workerType } from '@codegen/contracts';
import { type Environment, readChoice, readRedisUrl, readText, readWholeNumber } from '@codegen/sdk/service';

/** The configuration of a worker. */
export interface WrapperConfig {
  readonly workerId: string;
  readonly workerType: 'developer' | 'po';
  readonly redisUrl: string;
  readonly agent: {
    readonly name: string;
    /** From the operator's configuration, never from a message. */
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Names in `env` whose values are redacted in all output of the agent. */
    readonly secretNames: readonly string[];
  };
  readonly repo?: { readonly url: string; readonly ref: string; readonly readOnly: boolean };
  /** The worker's folder with `repo`, `git`, `home`, `tmp`, `outbox` and `answered`. */
  readonly workerDir: string;
  readonly terminateGraceMs: number;
  /** Milliseconds that an agent may keep running after its result. */
  readonly lingerMs: number;
  /** Variables of this process that the agent and git inherit. */
  readonly path: string;
  readonly lang: string;
}

/** Reads the environment. @throws {Error} that names the missing or invalid variable */
export function readConfig(env: Environment): WrapperConfig {
  return {
    workerId: readText(env, 'WORKER_ID', "the worker's id"),
    workerType: readChoice(env, 'WORKER_TYPE', workerType.options, 'developer'),
    redisUrl: readRedisUrl(env),
    agent: {
      name: readChoice(env, 'AGENT', agentName.options, 'custom'),
      command: stringList('AGENT_COMMAND', env.AGENT_COMMAND ?? '[]'),
      env: stringMap('AGENT_ENV', env.AGENT_ENV ?? '{}'),
      secretNames: stringList('AGENT_SECRET_NAMES', env.AGENT_SECRET_NAMES ?? '[]'),
    },
    ...(env.REPO_URL && {
      repo: { url: env.REPO_URL, ref: env.REPO_REF || 'main', readOnly: env.REPO_READ_ONLY === 'true' },
    }),
    workerDir: readText(env, 'WORKER_DIR', "the worker's folder"),
    terminateGraceMs: readWholeNumber(env, 'TERMINATE_GRACE_MS', { min: 0, fallback: 10_000 }),
    lingerMs: readWholeNumber(env, 'LINGER_MS', { min: 0, fallback: 3000 }),
    path: env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    lang: env.LANG ?? 'C.UTF-8',
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
    // The parser's message would quote the value.
    throw new Error(`${name} is not valid JSON.`);
  }
}
