import {
  deployQueue,
  engineeringQueue,
  type Service,
  SILENT_AFTER_S,
  serviceNames,
  WAITING_SYSTEM,
} from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { isOrchestratorError, type NextStep, OrchestratorError, paste } from '@codegen/sdk/errors';
import type { Settings } from '../config/settings.js';
import { asCalled } from '../program.js';
import type { Runtime } from '../runtime.js';

export type CheckName = 'api' | 'services' | 'redis' | 'projects' | 'workers';

/** What a check found. */
export interface Check {
  check: CheckName;
  status: 'ok' | 'failed' | 'skipped';
  detail: string;
  duration_ms: number;
  facts?: Record<string, unknown>;
}

/** A check with the error that a failed one ended in. */
export interface Checked {
  check: Check;
  error?: OrchestratorError;
}

type Finding = Pick<Check, 'detail' | 'facts'> & { status?: 'ok' | 'skipped' };

/** Runs one check and times it. Never throws but for an interruption. */
export async function runCheck(name: CheckName, settings: Settings, runtime: Runtime): Promise<Checked> {
  const startedMs = performance.now();
  const done = (status: Check['status'], detail: string): Check => ({
    check: name,
    status,
    detail,
    duration_ms: Math.round(performance.now() - startedMs),
  });
  try {
    const { status = 'ok', detail, facts } = await checks[name](settings, runtime);
    return { check: { ...done(status, detail), ...(facts && { facts }) } };
  } catch (error) {
    runtime.signal.throwIfAborted();
    if (!isOrchestratorError(error)) throw error;
    const facts = error.details as Check['facts'];
    return { check: { ...done('failed', runtime.redactor.clean(error.message)), ...(facts && { facts }) }, error };
  }
}

const checks: Record<CheckName, (settings: Settings, runtime: Runtime) => Promise<Finding>> = {
  api: async (settings, runtime) => {
    const api = apiOf(settings, runtime);
    const { signal } = runtime;
    await api.health({ signal });
    const { user, key } = await api.whoami({ signal });
    return {
      detail: `${settings.apiUrl} answers; you are ${user.name ?? user.id} (${key.role})`,
      facts: { api_url: settings.apiUrl, user: user.id, role: key.role, scopes: key.scopes },
    };
  },
  services: async (settings, runtime) => {
    const services = await apiOf(settings, runtime).services({ signal: runtime.signal });
    const alive = services.filter(({ state }) => state === 'alive');
    const missing = serviceNames.filter((name) => !alive.some((one) => one.name === name));
    const [first] = missing;
    if (first) {
      const told = missing.map((name) => lastSeen(name, services)).join('; ');
      throw unhealthy(
        told,
        { command: 'orchestrator explain TASK', when: 'to see what a task waits for' },
        { services },
      );
    }
    const told = alive.map(({ name, version, instance }) => `${name} ${version} (${instance})`);
    return { detail: told.join('; '), facts: { services } };
  },
  redis: async ({ redisUrl }, { signal }) => {
    if (redisUrl === undefined) return { status: 'skipped', detail: 'not configured: the relay publishes instead' };
    const { Orchestrator } = await import('@codegen/sdk');
    const client = new Orchestrator({ redisUrl });
    try {
      const queues = (await client.queues.stats(undefined, { signal })).filter(({ kind }) => kind === 'work');
      await checkRoom(redisUrl);
      const dead = queues.filter(({ dead_letters }) => dead_letters > 0);
      const [one] = dead;
      if (one) {
        const told = dead.map(({ stream, dead_letters }) => `${dead_letters} in ${stream}`).join(', ');
        const command = paste`orchestrator queue dlq list ${one.stream}`;
        throw unhealthy(
          `messages were given up: ${told}`,
          { command, when: 'to see why, and how to replay them' },
          { queues },
        );
      }
      const told = queues
        .filter(({ stream }) => stream === engineeringQueue.stream || stream === deployQueue.stream)
        .map(({ stream, waiting, pending, oldest_waiting_ms, oldest_pending_ms }) => {
          return `${stream} ${waiting} waiting${since(oldest_waiting_ms)}, ${pending} in work${since(oldest_pending_ms)}`;
        });
      return { detail: [...told, 'no dead letters'].join('; '), facts: { queues } };
    } finally {
      await client.close();
    }
  },
  projects: async (settings, runtime) => {
    const api = apiOf(settings, runtime);
    const { signal } = runtime;
    const projects: Record<string, number> = {};
    for await (const { status } of api.projects.list({ limit: 500 }, { signal })) {
      projects[status] = (projects[status] ?? 0) + 1;
    }
    const running = await api.tasks.page({ status: 'running', limit: 500 }, { signal });
    const queued = await api.tasks.page({ status: 'queued', limit: 500 }, { signal });
    const parked = running.items.filter(({ reason }) => reason === 'waiting_secret');
    const [one] = parked;
    const waits = one
      ? `; ${parked.length} of them wait for secrets: ${asCalled(paste`orchestrator secret list --project ${one.project_id}`)}`
      : '';
    // Several tasks may tell of the same machine.
    const faults = [
      ...new Set(running.items.flatMap(({ reason, error }) => (reason === WAITING_SYSTEM && error) || [])),
    ];
    if (faults.length > 0) {
      const parked = running.items.filter(({ reason }) => reason === WAITING_SYSTEM);
      throw unhealthy(
        `tasks wait for the system (${parked.length}): ${faults.join('; ')}; they then go on by themselves`,
        { command: paste`orchestrator explain ${parked[0]?.id ?? ''}`, when: 'to see what one of them waits for' },
        { projects, tasks: { running: running.items.length, queued: queued.items.length } },
      );
    }
    const counts = Object.entries(projects).map(([status, count]) => `${count} ${status}`);
    const tasks = `${running.items.length} tasks running, ${queued.items.length} queued${waits}`;
    return {
      detail: `${counts.length > 0 ? counts.join(', ') : 'none yet'}; ${tasks}`,
      facts: { projects, tasks: { running: running.items.length, queued: queued.items.length } },
    };
  },
  workers: async ({ redisUrl }, { signal }) => {
    if (redisUrl === undefined) return { status: 'skipped', detail: 'not configured: workers are behind Redis' };
    const { Orchestrator } = await import('@codegen/sdk');
    const client = new Orchestrator({ redisUrl });
    try {
      const workers = await client.workers.list({ signal, timeoutMs: 5000 });
      const counts = new Map<string, number>();
      for (const { status } of workers) counts.set(status, (counts.get(status) ?? 0) + 1);
      const told = [...counts].map(([status, count]) => `${count} ${status}`);
      return {
        detail: `worker-manager answers; ${told.length > 0 ? told.join(', ') : 'no workers now'}`,
        facts: { workers: Object.fromEntries(counts) },
      };
    } finally {
      await client.close();
    }
  },
};

/** @throws OrchestratorError UNHEALTHY where Redis answers and takes nothing, such as a full one */
async function checkRoom(redisUrl: string): Promise<void> {
  const { closeRedis, connectRedis } = await import('@codegen/sdk/queue');
  const redis = connectRedis(redisUrl, { name: 'orchestrator-diagnose' });
  try {
    // A write that changes nothing: there is no such key, and it is not made.
    await redis.set('orchestrator:diagnose', '', 'XX');
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const next = { command: 'redis-cli INFO memory', when: 'to see used_memory and maxmemory' };
    throw unhealthy(`Redis answers, and takes nothing that is written: ${text}`, next, {});
  } finally {
    await closeRedis(redis);
  }
}

/** What keeps a check from being good, with the command that tells more, and what was found. */
function unhealthy(message: string, next: NextStep, facts: Record<string, unknown>): OrchestratorError {
  return new OrchestratorError('UNHEALTHY', message, { next: [next], details: facts });
}

function lastSeen(name: string, services: readonly Service[]): string {
  const last = services
    .filter((one) => one.name === name)
    .sort((a, b) => a.seen_at.localeCompare(b.seen_at))
    .at(-1);
  if (!last) return `${name} does not run: no sign of life within a day. Start it`;
  return `${name} does not run: ${last.instance} has been silent for over ${SILENT_AFTER_S} s, since ${last.seen_at}. Look at its log and start it`;
}

function apiOf({ apiUrl, token }: Settings, { onCall }: Runtime) {
  if (apiUrl === undefined || token === undefined) {
    throw new OrchestratorError('NOT_CONFIGURED', 'no API address and token are known: log in first');
  }
  return createApi({ apiUrl, token, retry: { attempts: 2 }, timeoutMs: 10_000, onCall });
}

function since(ageMs: number | null): string {
  return ageMs === null ? '' : ` (oldest ${Math.round(ageMs / 1000)} s)`;
}
