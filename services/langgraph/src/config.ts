import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type AgentName, agentName } from '@codegen/contracts';
import type { LanggraphConfig } from './start-langgraph.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The configuration from the environment: REDIS_URL, API_URL, API_TOKEN or API_TOKEN_FILE, DATABASE_URL, INSTANCE,
 * LEASE_MS, SWEEP_MS, DEVELOPER_AGENT, DEVELOPER_AGENT_CONFIG, TESTER_AGENT_CONFIG, TURN_TIMEOUT (seconds),
 * DEPLOY_SERVER.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): LanggraphConfig {
  const turnTimeoutSeconds = wholeNumber(env, 'TURN_TIMEOUT', 1800, 1, 86_400);
  const agent = readAgent(env);
  return {
    redisUrl: required(env, 'REDIS_URL', 'the address of Redis, such as redis://127.0.0.1:6379'),
    api: {
      url: required(env, 'API_URL', 'the address of the API, such as http://127.0.0.1:8000'),
      token: readToken(env),
    },
    database: { url: readDatabaseUrl(env) },
    instance: env.INSTANCE || `langgraph-${process.pid}-${randomBytes(4).toString('hex')}`,
    leaseMs: wholeNumber(env, 'LEASE_MS', 15_000, 100, 3_600_000),
    sweepMs: wholeNumber(env, 'SWEEP_MS', 1000, 10, 60_000),
    developer: { agent, agentConfig: env.DEVELOPER_AGENT_CONFIG || undefined, turnTimeoutSeconds },
    tester: { agentConfig: env.TESTER_AGENT_CONFIG || 'project-tests', turnTimeoutSeconds },
    deploy: { server: env.DEPLOY_SERVER || 'local' },
  };
}

function readDatabaseUrl(env: Environment): string {
  const url = env.DATABASE_URL;
  if (!url) {
    throw new Error(
      'set DATABASE_URL to a PostgreSQL server, such as postgres://user@127.0.0.1/orchestrator: the embedded database belongs to one process, so alone this service cannot use it (the stack can)',
    );
  }
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new Error('DATABASE_URL must begin with postgres:// or postgresql://');
}

function readAgent(env: Environment): AgentName {
  const agent = agentName.safeParse(env.DEVELOPER_AGENT || 'custom');
  if (!agent.success) throw new Error(`DEVELOPER_AGENT must be one of ${agentName.options.join(', ')}`);
  if (agent.data === 'custom') {
    required(env, 'DEVELOPER_AGENT_CONFIG', "the name of a command in the worker-manager's agents file");
  }
  return agent.data;
}

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value) return value;
  throw new Error(`set ${name} to ${what}`);
}

function readToken(env: Environment): string {
  if (env.API_TOKEN) return env.API_TOKEN;
  const file = required(env, 'API_TOKEN_FILE', "a file with this service's API key (or API_TOKEN to the key itself)");
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(`API_TOKEN_FILE ${file} cannot be read`, { cause: error });
  }
}

function wholeNumber(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${name} must be a whole number from ${min} to ${max}, not ${JSON.stringify(env[name])}`);
}
