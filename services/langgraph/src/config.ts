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
  type ServiceReach,
} from '@codegen/sdk/service';
import type { DatabaseConfig } from './engine/database/pool.js';
import type { FlowSettings } from './flows/flow.js';

export interface LanggraphConfig {
  database: DatabaseConfig;
  /** Milliseconds until a thread whose driver is silent is taken over; 15,000 by default. */
  leaseMs?: number;
  /** Milliseconds between rounds of the sweep; 1000 by default. */
  sweepMs?: number;
  /** Milliseconds between looks at all running tasks for ends that no message told of; 30,000 by default. */
  endsEveryMs?: number;
  /** Milliseconds until an unanswered message is looked after; 30,000 by default. */
  resendAfterMs?: number;
  /** Milliseconds after a task's end until its event, if still missing after a loss in Redis, is told again; 10,000 by default. */
  endLostAfterMs?: number;
  /** Milliseconds that a deployed URL gets to answer; 15,000 by default. */
  verifyMs?: number;
  developer: FlowSettings['developer'];
  tester: FlowSettings['tester'];
  /** Milliseconds that requests may stay unanswered. */
  limits?: Partial<FlowSettings['limits']>;
}

const HOUR_MS = 3_600_000;

const defaultLimits: FlowSettings['limits'] = {
  workerMs: 6 * HOUR_MS,
  repositoryMs: 600_000,
  deployMs: 1_200_000,
  secretsMs: 7 * 24 * HOUR_MS,
  systemMs: 24 * HOUR_MS,
};

/** What flows are told, with its defaults. */
export function flowSettings(config: LanggraphConfig): FlowSettings {
  const { developer, tester, limits, verifyMs = 15_000 } = config;
  return { developer, tester, limits: { ...defaultLimits, ...limits }, verifyMs };
}

/** How often the sweep looks at what, with its defaults. */
export function sweepTimes({ sweepMs = 1000, endsEveryMs = 30_000, endLostAfterMs = 10_000 }: LanggraphConfig) {
  return { sweepMs, endsEveryMs, endLostAfterMs };
}

const DATABASE =
  'a PostgreSQL server, such as postgres://user@127.0.0.1/orchestrator: the embedded database belongs to one process, so alone this service cannot use it (the stack can)';

/**
 * The configuration from the environment: REDIS_URL, API_URL, API_TOKEN or API_TOKEN_FILE, DATABASE_URL, LEASE_MS, SWEEP_MS, DEVELOPER_AGENT, DEVELOPER_AGENT_CONFIG, TESTER_AGENT_CONFIG; in seconds
 * TURN_TIMEOUT, WORKER_TIMEOUT, REPOSITORY_TIMEOUT, DEPLOY_TIMEOUT, SECRETS_TIMEOUT, SYSTEM_TIMEOUT.
 * @throws {Error} naming the variable that is missing or wrong
 */
export function readConfig(env: Environment): LanggraphConfig & ServiceReach {
  const readSeconds = (name: string, limit: keyof FlowSettings['limits']) => () =>
    readWholeNumber(env, name, { min: 1, max: 365 * 86_400, fallback: defaultLimits[limit] / 1000 }) * 1000;
  const { turnTimeoutSeconds, agent, ...config } = readAll({
    redisUrl: () => readRedisUrl(env),
    api: () => readApi(env),
    database: () => ({ url: readUrl(env, 'DATABASE_URL', ['postgres', 'postgresql'], DATABASE) }),
    leaseMs: () => readWholeNumber(env, 'LEASE_MS', { min: 100, max: 3_600_000, fallback: 15_000 }),
    sweepMs: () => readWholeNumber(env, 'SWEEP_MS', { min: 10, max: 60_000, fallback: 1000 }),
    limits: () =>
      readAll({
        workerMs: readSeconds('WORKER_TIMEOUT', 'workerMs'),
        repositoryMs: readSeconds('REPOSITORY_TIMEOUT', 'repositoryMs'),
        deployMs: readSeconds('DEPLOY_TIMEOUT', 'deployMs'),
        secretsMs: readSeconds('SECRETS_TIMEOUT', 'secretsMs'),
        systemMs: readSeconds('SYSTEM_TIMEOUT', 'systemMs'),
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
