import type { Task } from '@codegen/contracts';
import { isOrchestratorError, type NextStep, paste } from '@codegen/sdk/errors';
import type { Settings } from '../config/settings.js';
import type { Runtime } from '../runtime.js';
import { withoutSpec } from './follow-to-end.js';
import { hasStack } from './installed-stack.js';

/** Where the command line finds itself. */
export interface Surroundings {
  state: 'no_system' | 'not_logged_in' | 'unreachable' | 'refused' | 'ready';
  profile: string;
  api_url: string | null;
  user: string | null;
  project: string | null;
  /** How many there are; null where the key may not list them. */
  projects: number | null;
  running: Task[];
  /** What went wrong, where something did. */
  problem: string | null;
  next: NextStep;
}

const LOG_IN = {
  command: 'orchestrator auth login',
  when: 'with the address of a system (--api-url) and a token for it',
};
const BRING_UP = { command: 'orchestrator up', when: 'to run the system on this machine' };
const DIAGNOSE = { command: 'orchestrator diagnose api', when: 'to see whether the API answers' };

/** Looks at configuration and API; never fails for what it finds there. */
export async function lookAround(settings: Settings, runtime: Runtime): Promise<Surroundings> {
  const { profile, apiUrl, token, project } = settings;
  const found: Surroundings = {
    state: apiUrl === undefined ? 'no_system' : 'not_logged_in',
    profile,
    api_url: apiUrl ?? null,
    user: null,
    project: project ?? null,
    projects: 0,
    running: [],
    problem: null,
    next: LOG_IN,
  };
  if (apiUrl === undefined) return hasStack() ? { ...found, next: BRING_UP } : found;
  if (token === undefined) return found;
  const { createApi } = await import('@codegen/sdk/api');
  const call = { signal: runtime.signal };
  const api = createApi({ apiUrl, token, retry: { attempts: 1 }, timeoutMs: 5000, onCall: runtime.onCall });
  try {
    const { user } = await api.whoami(call);
    // A key may be for less than these lists; who it is has been told all the same.
    const [projects, running] = await Promise.all([
      api.projects.page({ limit: 500 }, call).catch(noneWhereForbidden),
      api.tasks.page({ status: 'running', limit: 10 }, call).catch(noneWhereForbidden),
    ]);
    const seen = { user: user.name ?? user.id, projects: projects?.items.length ?? null };
    const tasks = running?.items.map(withoutSpec) ?? [];
    return { ...found, state: 'ready', ...seen, running: tasks, next: nextStep(seen.projects, tasks, project) };
  } catch (error) {
    runtime.signal.throwIfAborted();
    if (!isOrchestratorError(error)) throw error;
    const problem = runtime.redactor.clean(error.message);
    const refused = error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN';
    if (refused) return { ...found, state: 'refused', problem };
    return { ...found, state: 'unreachable', problem, next: hasStack() ? BRING_UP : DIAGNOSE };
  }
}

function nextStep(projects: number | null, running: readonly Task[], project: string | undefined): NextStep {
  const [task] = running;
  if (task) return { command: paste`orchestrator ${task.type} wait ${task.id}`, when: 'to follow what runs now' };
  if (projects === null) return { command: 'orchestrator auth status', when: 'to see what your key may do' };
  if (projects === 0) return { command: 'orchestrator project create NAME', when: 'to begin' };
  const command = paste`orchestrator engineering start --project ${project ?? 'PROJECT'} --spec TEXT --wait`;
  return { command, when: 'to have something built' };
}

function noneWhereForbidden(error: unknown): null {
  if (isOrchestratorError(error) && error.code === 'FORBIDDEN') return null;
  throw error;
}
