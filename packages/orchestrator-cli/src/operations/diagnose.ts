import {
  deployQueue,
  type ErrorCode,
  engineeringQueue,
  type Service,
  SILENT_AFTER_S,
  serviceNames,
  type TaskWait,
} from '@codegen/contracts';
import { createApi } from '@codegen/sdk/api';
import { isOrchestratorError, type NextStep, OrchestratorError, paste } from '@codegen/sdk/errors';
import { messageOf } from '@codegen/sdk/text';
import type { Settings } from '../config/settings.js';
import { withNext } from '../kit/errors.js';
import type { Runtime } from '../kit/runtime.js';
import { noneWhereForbidden } from '../permissions.js';
import { notConfigured, startOfSystem } from './read-status.js';

export type CheckName = 'api' | 'services' | 'redis' | 'projects' | 'sites' | 'workers';

/** What a check found. */
export interface Check {
  check: CheckName;
  status: 'ok' | 'failed' | 'skipped';
  detail: string;
  duration_ms: number;
  facts?: Record<string, unknown>;
  /** What to do about it. */
  next?: NextStep;
}

/** A check with the error that a failed one ended in. */
export interface Checked {
  check: Check;
  error?: OrchestratorError;
}

type Finding = Pick<Check, 'detail' | 'facts' | 'next'> & { status?: 'ok' | 'skipped' };

type Told = { [Part in 'detail' | 'facts' | 'next']?: Check[Part] | undefined } & Pick<Check, 'detail'>;

/** So many sites are asked, so that a diagnosis takes seconds whatever is deployed. */
const MOST_SITES = 40;

/** Runs one check and times it. Never throws but for an interruption. */
export async function runCheck(name: CheckName, settings: Settings, runtime: Runtime): Promise<Checked> {
  const startedMs = performance.now();
  const done = (status: Check['status'], { detail, facts, next }: Told): Check => ({
    ...{ check: name, status, detail, duration_ms: Math.round(performance.now() - startedMs) },
    ...(facts && { facts }),
    ...(next && { next }),
  });
  try {
    const { status = 'ok', ...finding } = await checks[name](settings, runtime);
    return { check: done(status, finding) };
  } catch (cause) {
    runtime.signal.throwIfAborted();
    if (!isOrchestratorError(cause)) throw cause;
    const isAway = cause.next === undefined && AWAY.has(cause.code);
    const away = cause.code === 'REDIS_UNAVAILABLE' ? 'redis-server' : UNITS[name];
    const error = isAway ? withNext(cause, [howToStart(away, settings, runtime)]) : cause;
    const facts = error.details as Check['facts'];
    const detail = runtime.redactor.clean(error.message);
    return { check: done('failed', { detail, facts, next: error.next?.[0] }), error };
  }
}

/** Errors of what may not run. */
const AWAY: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['NETWORK', 'TIMEOUT', 'API_UNAVAILABLE', 'BAD_RESPONSE', 'INTERNAL', 'REDIS_UNAVAILABLE'] as const),
]);

/** Whose silence ends a check. */
const UNITS: Record<CheckName, string> = {
  ...{ api: 'codegen-api', services: 'codegen-api', projects: 'codegen-api', sites: 'codegen-api' },
  ...{ redis: 'redis-server', workers: 'codegen-worker-manager' },
};

/** By the command line, where the system is this machine's own; of one that somebody operates, the unit that they look at. */
function howToStart(unit: string, settings: Settings, runtime: Runtime): NextStep {
  if (settings.dataDir !== undefined) {
    const { command, when } = startOfSystem(settings, runtime);
    return { command, when };
  }
  const when = 'on the machine that it runs on, under systemd, to see why it does not; docs/production.md has the rest';
  return { command: paste`systemctl status ${unit}`, when };
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
    const explain = { command: 'orchestrator explain TASK', when: 'to see what a task waits for' };
    const services = await apiOf(settings, runtime).services({ signal: runtime.signal });
    const alive = services.filter(({ state }) => state === 'alive');
    const missing = serviceNames.filter((name) => !alive.some((one) => one.name === name));
    const [first] = missing;
    if (first) {
      const told = missing.map((name) => lastSeen(name, services)).join('; ');
      throw unhealthy(
        told,
        settings.dataDir === undefined ? howToStart(`codegen-${first}*`, settings, runtime) : explain,
        {
          services,
        },
      );
    }
    const told = alive.map(({ name, version, instance }) => `${name} ${version} (${instance})`);
    return { detail: told.join('; '), facts: { services } };
  },
  redis: async ({ redisUrl }, { signal }) => {
    if (redisUrl === undefined)
      return { status: 'skipped', detail: 'no Redis address stored; the system itself sends the messages' };
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
    const waitOn = (whom: TaskWait['on']) => running.items.filter(({ waits_for }) => waits_for?.on === whom);
    const [parked, open] = [waitOn('system'), waitOn('person')];
    const wait = open[0]?.waits_for;
    const waits = wait
      ? `; ${open.length} of them ${open.length === 1 ? 'waits' : 'wait'} for somebody: ${wait.why}`
      : '';
    if (parked.length > 0) {
      // Several tasks may tell of the same machine.
      const faults = [...new Set(parked.map(({ waits_for }) => waits_for?.why))];
      throw unhealthy(
        `tasks wait for the system (${parked.length}): ${faults.join('. ')}`,
        { command: paste`orchestrator explain ${parked[0]?.id ?? ''}`, when: 'to see what one of them waits for' },
        { projects, tasks: { running: running.items.length, queued: queued.items.length } },
      );
    }
    const counts = Object.entries(projects).map(([status, count]) => `${count} ${status}`);
    const tasks = `${running.items.length} ${running.items.length === 1 ? 'task' : 'tasks'} running, ${queued.items.length} queued${waits}`;
    return {
      detail: `${counts.length > 0 ? counts.join(', ') : 'none yet'}; ${tasks}`,
      facts: { projects, tasks: { running: running.items.length, queued: queued.items.length } },
      ...(wait?.next && { next: wait.next }),
    };
  },
  sites: async (settings, runtime) => {
    const { signal } = runtime;
    const api = apiOf(settings, runtime);
    const page = await api.deployments.page({ current: true, limit: MOST_SITES }, { signal }).catch(noneWhereForbidden);
    if (page === null) return { status: 'skipped', detail: 'not asked: your key lacks the scope deploy.list' };
    const { askSites, isInReach } = await import('./ask-sites.js');
    const near = page.items.filter(({ url }) => isInReach(url, settings.apiUrl as string));
    const sites = await askSites(near, signal);
    const ill = sites.findIndex(({ ok }) => !ok);
    if (ill >= 0) {
      const told = sites.filter(({ ok }) => !ok).map(({ project, url, answer }) => `${project} at ${url} ${answer}`);
      const command = paste`orchestrator deploy start --project ${near[ill]?.project_id ?? ''} --wait`;
      const when = "to put it up anew, where infra-service's log does not say what else is wrong";
      throw unhealthy(`sites do not serve: ${told.join('; ')}`, { command, when }, { sites });
    }
    const far = page.items.length - near.length;
    const told = [
      ...(near.length > 0 ? [`${near.length} ${near.length === 1 ? 'serves' : 'serve'}`] : []),
      ...(far > 0 ? [`${far} not asked: only the machine that serves them reaches them`] : []),
      ...(page.next_cursor ? [`more are deployed: only the newest ${MOST_SITES} are asked`] : []),
    ];
    return {
      ...(near.length === 0 && far > 0 && { status: 'skipped' as const }),
      detail: told.join('; ') || 'nothing is deployed',
      facts: { sites },
    };
  },
  workers: async ({ redisUrl }, { signal }) => {
    if (redisUrl === undefined) return { status: 'skipped', detail: 'not asked: that takes a Redis address' };
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
    const text = messageOf(error);
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

function apiOf(settings: Settings, runtime: Runtime) {
  const { apiUrl, token } = settings;
  if (apiUrl === undefined || token === undefined) throw notConfigured(settings, runtime);
  return createApi({ apiUrl, token, retry: { attempts: 2 }, timeoutMs: 10_000, onCall: runtime.onCall });
}

function since(ageMs: number | null): string {
  return ageMs === null ? '' : ` (oldest ${Math.round(ageMs / 1000)} s)`;
}
