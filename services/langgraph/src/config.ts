import { type AgentName, agentName } from '@codegen/contracts';
import {
  type Environment,
  readAll,
  readApi,
  readChoice,
  readRedisUrl,
  readText,
  readUrl,
  readWholeNumber,
} from '@codegen/sdk/service';
import type { LanggraphConfig } from './start-langgraph.js';

const DATABASE =
  'a PostgreSQL server, such as postgres://user@127.0.0.1/orchestrator: the embedded database belongs to one process, so alone this service cannot use it (the stack can)';

/**
 * The configuration from the environment: REDIS_URL, API_URL, API_TOKEN or API_TOKEN_FILE, DATABASE_URL, LEASE_MS, SWEEP_MS, DEVELOPER_AGENT, DEVELOPER_AGENT_CONFIG, TESTER_AGENT_CONFIG; in seconds
 * TURN_TIMEOUT, WORKER_TIMEOUT, REPOSITORY_TIMEOUT, DEPLOY_TIMEOUT, SECRETS_TIMEOUT, SYSTEM_TIMEOUT.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): Omit<LanggraphConfig, 'instance'> {
  const readSeconds = (name: string, fallback: number) => () =>
    readWholeNumber(env, name, { min: 1, max: 365 * 86_400, fallback }) * 1000;
  const { turnTimeoutSeconds, agent, ...config } = readAll({
    redisUrl: () => readRedisUrl(env),
    api: () => readApi(env),
    database: () => ({ url: readUrl(env, 'DATABASE_URL', ['postgres', 'postgresql'], DATABASE) }),
    leaseMs: () => readWholeNumber(env, 'LEASE_MS', { min: 100, max: 3_600_000, fallback: 15_000 }),
    sweepMs: () => readWholeNumber(env, 'SWEEP_MS', { min: 10, max: 60_000, fallback: 1000 }),
    limits: () =>
      readAll({
        workerMs: readSeconds('WORKER_TIMEOUT', 6 * 3600),
        repositoryMs: readSeconds('REPOSITORY_TIMEOUT', 600),
        deployMs: readSeconds('DEPLOY_TIMEOUT', 1200),
        secretsMs: readSeconds('SECRETS_TIMEOUT', 7 * 86_400),
        systemMs: readSeconds('SYSTEM_TIMEOUT', 86_400),
      }),
    turnTimeoutSeconds: () => readWholeNumber(env, 'TURN_TIMEOUT', { min: 1, max: 86_400, fallback: 1800 }),
    agent: () => readAgent(env),
  });
  return {
    ...config,
    developer: { agent, agentConfig: env.DEVELOPER_AGENT_CONFIG || undefined, turnTimeoutSeconds },
    tester: { agentConfig: env.TESTER_AGENT_CONFIG || 'project-tests', turnTimeoutSeconds },
  };
}

function readAgent(env: Environment): AgentName {
  const agent = readChoice(env, 'DEVELOPER_AGENT', agentName.options, 'custom');
  if (agent === 'custom') {
    readText(env, 'DEVELOPER_AGENT_CONFIG', "the name of a command in the worker-manager's agents file");
  }
  return agent;
}
