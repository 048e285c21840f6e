import { deployQueue, engineeringQueue } from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { isOrchestratorError, OrchestratorError, paste } from '@codegen/sdk/errors';
import type { Settings } from '../config/settings.js';
import type { Runtime } from '../runtime.js';

export type CheckName = 'api' | 'redis' | 'projects' | 'workers';

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
    return { check: done('failed', runtime.redactor.clean(error.message)), error };
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
  redis: async ({ redisUrl }) => {
    if (redisUrl === undefined) return { status: 'skipped', detail: 'not configured: the relay publishes instead' };
    const { closeRedis, connectRedis, queueStats } = await import('@codegen/sdk/queue');
    const redis = connectRedis(redisUrl, { name: 'orchestrator-diagnose' });
    try {
      const queues = await Promise.all([queueStats(redis, engineeringQueue), queueStats(redis, deployQueue)]);
      const told = queues.map(({ stream, waiting, pending, deadLetters, oldestWaitingMs, oldestPendingMs }) => {
        return `${stream} ${waiting} waiting${since(oldestWaitingMs)}, ${pending} in work${since(oldestPendingMs)}, ${deadLetters} dead`;
      });
      return { detail: told.join('; '), facts: { queues } };
    } finally {
      await closeRedis(redis);
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
      ? `; ${parked.length} of them wait for secrets: ${paste`orchestrator secret list --project ${one.project_id}`}`
      : '';
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

function apiOf({ apiUrl, token }: Settings, { onCall }: Runtime) {
  if (apiUrl === undefined || token === undefined) {
    throw new OrchestratorError('NOT_CONFIGURED', 'no API address and token are known: log in first');
  }
  return createApi({ apiUrl, token, retry: { attempts: 2 }, timeoutMs: 10_000, onCall });
}

function since(ageMs: number | null): string {
  return ageMs === null ? '' : ` (oldest ${Math.round(ageMs / 1000)} s)`;
}
