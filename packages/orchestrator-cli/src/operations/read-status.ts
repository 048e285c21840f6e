import type { ServiceDeployment, Task } from '@codegen/contracts';
import { isOrchestratorError, type NextStep, OrchestratorError, paste } from '@codegen/sdk/errors';
import { dataFolderPath } from '@codegen/sdk/files';
import type { CommandId } from '../command-table.js';
import type { Settings } from '../config/settings.js';
import type { Runtime } from '../kit/runtime.js';
import { isAllowed, keyMay, noneWhereForbidden } from '../permissions.js';
import { isPermitted } from '../permitted-steps.js';
import { withoutSpec } from './follow-to-end.js';
import { hasStack } from './installed-stack.js';

/** Where the command line finds itself. */
export interface SystemStatus {
  state: 'no_system' | 'not_logged_in' | 'not_allowed' | 'unreachable' | 'refused' | 'ready';
  profile: string;
  api_url: string | null;
  user: string | null;
  project: string | null;
  /** How many there are; null where they may not be listed. */
  projects: number | null;
  /** What runs; null where it may not be listed. */
  running: Task[] | null;
  /** What is at a URL, newest first, some of it; null where it may not be listed. */
  deployed: ServiceDeployment[] | null;
  /** What went wrong, where something did. */
  problem: string | null;
  next: NextStep;
}

/** A command that may come next. */
interface Candidate extends NextStep {
  id: CommandId;
}

/** So many sites fit on a screen beside the rest. */
const SITES = 5;
const LOG_IN: Candidate = {
  id: 'auth.login',
  command: 'orchestrator auth login',
  when: 'with the address of a system (--api-url) and a token for it',
};
const DIAGNOSE: Candidate = {
  id: 'diagnose.api',
  command: 'orchestrator diagnose api',
  when: 'to see whether the API answers',
};
const STATUS: Candidate = {
  id: 'auth.status',
  command: 'orchestrator auth status',
  when: 'to see what your key may do',
};
const HELP: NextStep = { command: 'orchestrator --help', when: 'to see all commands' };

/** Looks at configuration and API, as far as ALLOWED_COMMANDS and the key allow; never fails for what it finds there. */
export async function readStatus(settings: Settings, runtime: Runtime): Promise<SystemStatus> {
  const { profile, apiUrl, token, project } = settings;
  let { key } = settings;
  const may = (id: CommandId) => isAllowed(id, runtime.env) && keyMay(id, key);
  const first = (...candidates: (Candidate | undefined)[]): NextStep => {
    const found = candidates.find((one) => one && may(one.id));
    return found ? { command: found.command, when: found.when } : HELP;
  };
  const start = hasStack() ? startOfSystem(settings, runtime) : undefined;
  const found: SystemStatus = {
    state: apiUrl === undefined ? 'no_system' : 'not_logged_in',
    profile,
    api_url: apiUrl ?? null,
    user: null,
    project: project ?? null,
    projects: 0,
    running: [],
    deployed: [],
    problem: null,
    next: first(LOG_IN),
  };
  if (apiUrl === undefined) return { ...found, next: first(start, LOG_IN) };
  if (token === undefined) return found;
  if (!may('auth.status') && !may('project.list') && !may('task.list')) {
    return {
      ...found,
      state: 'not_allowed',
      projects: null,
      running: null,
      deployed: null,
      next: first(startOf(project)),
    };
  }
  const { createApi } = await import('@codegen/sdk/api');
  const call = { signal: runtime.signal };
  const api = createApi({ apiUrl, token, retry: { attempts: 1 }, timeoutMs: 5000, onCall: runtime.onCall });
  try {
    const who = may('auth.status') ? await api.whoami(call) : undefined;
    const user = who?.user;
    if (who) key = { scopes: who.key.scopes, isAdmin: who.key.role === 'admin' };
    // A key may be for less than these lists; who it is has been told all the same.
    const [projects, running, deployed] = await Promise.all([
      may('project.list') ? api.projects.page({ limit: 500 }, call).catch(noneWhereForbidden) : null,
      may('task.list') ? api.tasks.page({ status: 'running', limit: 10 }, call).catch(noneWhereForbidden) : null,
      may('deploy.list') ? api.deployments.page({ current: true, limit: SITES }, call).catch(noneWhereForbidden) : null,
    ]);
    const seen = { user: user ? (user.name ?? user.id) : null, projects: projects?.items.length ?? null };
    const tasks = running?.items.map(withoutSpec) ?? null;
    const caller = { env: runtime.env, system: { ...runtime.system, key } };
    const steps = (tasks ?? []).flatMap(({ waits_for }) => waits_for?.next ?? []);
    const give = steps.find(({ command }) => isPermitted(command, caller));
    return {
      ...found,
      state: 'ready',
      ...seen,
      running: tasks,
      deployed: deployed?.items ?? null,
      next: give ?? first(...candidates(seen.projects, tasks, project)),
    };
  } catch (error) {
    runtime.signal.throwIfAborted();
    if (!isOrchestratorError(error)) throw error;
    const problem = runtime.redactor.clean(error.message);
    const refused = error.code === 'UNAUTHENTICATED' || error.code === 'FORBIDDEN';
    if (refused) return { ...found, state: 'refused', problem };
    return {
      ...found,
      state: 'unreachable',
      problem,
      next: first(settings.dataDir === undefined ? undefined : start, DIAGNOSE),
    };
  }
}

/** The start of the profile's own system, where that is one of several on this machine. */
export function startOfSystem({ dataDir }: Settings, { env }: Runtime): Candidate {
  const isOther = dataDir !== undefined && dataDir !== dataFolderPath(undefined, env);
  const command = isOther ? paste`orchestrator up --data-dir ${dataDir}` : 'orchestrator up';
  return { id: 'up', command, when: 'to run the system on this machine' };
}

/** The error of a call where no address or no token is known, with what helps: a system here, where it is installed, or a login. */
export function notConfigured(settings: Settings, runtime: Runtime): OrchestratorError {
  const { apiUrl } = settings;
  const start = apiUrl === undefined && hasStack() ? startOfSystem(settings, runtime) : undefined;
  const what =
    apiUrl === undefined
      ? `no API address is known: ${start ? 'start the system, ' : ''}log in, or set ORCHESTRATOR_API_URL`
      : `no token is known for ${apiUrl}: log in, or set ORCHESTRATOR_TOKEN`;
  const steps = [...(start ? [start] : []), LOG_IN].map(({ command, when }) => ({ command, when }));
  return new OrchestratorError('NOT_CONFIGURED', what, { next: steps });
}

/** What may come next, best first. */
function candidates(
  projects: number | null,
  running: readonly Task[] | null,
  project: string | undefined,
): Candidate[] {
  const following = (running ?? []).slice(0, 1).map(({ type, id }): Candidate => {
    return { id: `${type}.wait`, command: paste`orchestrator ${type} wait ${id}`, when: 'to follow what runs now' };
  });
  const create: Candidate = { id: 'project.create', command: 'orchestrator project create NAME', when: 'to begin' };
  if (projects === null) return [...following, STATUS, startOf(project)];
  return [...following, projects === 0 ? create : startOf(project)];
}

function startOf(project: string | undefined): Candidate {
  const command = paste`orchestrator engineering start --project ${project ?? 'PROJECT'} --spec TEXT --wait`;
  return { id: 'engineering.start', command, when: 'to have something built' };
}
