import { type ApiKeyRole, holdsScope, type KnownScope, type TaskType, taskType } from '@codegen/contracts';

/**
 * Who may call a route: a key whose role is listed (any, where none is) and that holds one of the scopes (none: any key).
 * A refusal names the first of them.
 */
export interface Access {
  readonly scopes: readonly string[];
  readonly roles?: readonly ApiKeyRole[];
  /** Services may read whatever their scopes: they need it for what they were asked to do. */
  readonly openToServices?: true;
  /** Which of the scopes it takes is told by the body: the route looks itself, before anything else. */
  readonly byBody?: true;
}

const services: readonly ApiKeyRole[] = ['service', 'admin'];
const forServices = (...scopes: KnownScope[]): Access => ({ scopes, roles: services });
const forAdmins = (...scopes: KnownScope[]): Access => ({ scopes, roles: ['admin'] });
const forAll = (...scopes: KnownScope[]): Access => ({ scopes });
const reading = (...scopes: KnownScope[]): Access => ({ scopes, openToServices: true });

/** What a key needs to start each type of task. */
export const startScopes = { engineering: ['engineering.start'], deploy: ['deploy.start', 'deploy.rollback'] } as const;
/** The same for one that does not say its type. */
export const starting = [...startScopes.engineering, ...startScopes.deploy];
/** What lets a key see the tasks of one type alone. */
const ofOneType = [
  ...(['engineering.status', 'engineering.wait', 'deploy.status', 'deploy.wait'] as const),
  ...starting,
];
const following = [
  ...(['task.get', 'task.watch', 'task.logs', 'explain', 'task.cancel', 'task.retry'] as const),
  ...ofOneType,
];

/**
 * Every route and what it takes. A route that is not listed here stops the API from starting.
 * Scopes are command ids of the CLI (`topic.*` and `*` include them) and the services' own.
 */
export const access: Readonly<Record<string, Access | 'public'>> = {
  'GET /health': 'public',
  'GET /openapi.json': 'public',
  'GET /whoami': forAll(),

  'POST /users': forAdmins('user.create'),
  'GET /users': forAdmins('user.list'),
  'POST /users/{id}/disable': forAdmins('user.disable'),
  'POST /users/{id}/enable': forAdmins('user.enable'),
  'POST /api-keys': forAll('auth.key.create'),
  'GET /api-keys': forAll('auth.key.list'),
  'DELETE /api-keys/{id}': forAll('auth.key.revoke'),

  'POST /projects': forAll('project.create'),
  'GET /projects': reading('project.list', 'diagnose.projects'),
  'GET /projects/{project}': reading('project.get', ...starting),
  'PATCH /projects/{project}': forAll('project.update'),
  'POST /projects/{project}/archive': forAll('project.archive'),
  'PATCH /projects/{project}/report': forServices('project.report'),

  'GET /projects/{project}/secrets': reading('secret.list'),
  'PUT /projects/{project}/secrets/{name}': forAll('secret.set'),
  'DELETE /projects/{project}/secrets/{name}': forAll('secret.delete'),
  'POST /secrets/resolve': forServices('secret.resolve'),

  'POST /tasks': { ...forAll(...starting), byBody: true },
  'GET /tasks': reading('task.list', 'project.tasks', 'deploy.list', 'explain', 'diagnose.projects', ...ofOneType),
  'GET /tasks/{id}': reading(...following),
  'GET /tasks/{id}/events': reading('task.watch', ...following),
  'POST /tasks/{id}/cancel': forAll('task.cancel'),
  'POST /tasks/{id}/fail': forAdmins('task.fail'),
  'POST /tasks/{id}/retry': forAll('task.retry'),
  'POST /tasks/{id}/published': forAll('task.published', 'outbox.read', 'task.retry', ...starting),
  'POST /tasks/{id}/claim': forServices('task.claim'),
  'POST /tasks/{id}/transition': forServices('task.transition'),
  'POST /tasks/{id}/attempts': forServices('task.claim'),
  'GET /tasks/{id}/attempts': reading('explain', ...following),
  'PUT /tasks/{id}/attempts/{epoch}': forServices('task.claim', 'task.transition'),
  'POST /events': forServices('event.write'),
  'GET /outbox': forServices('outbox.read'),
  'GET /outbox/unstarted': forServices('outbox.read'),
  'GET /outbox/untold': forServices('task.transition'),

  'GET /services': reading('diagnose.services', 'explain'),
  'PUT /services/{name}/{instance}': forServices(),

  'GET /servers': reading('infra.server.list', 'infra.servers', 'infra.server.set'),
  'PUT /servers/{handle}': forServices('infra.server.set', 'infra.server.add'),
  'POST /allocations': forServices('allocation.write'),
  'GET /projects/{project}/allocations': reading('infra.server.list', 'infra.servers'),
  'POST /deployments': forServices('deployment.write'),
  'GET /deployments': reading('deploy.list', 'deploy.status', 'deploy.rollback', 'explain', 'diagnose.projects'),
};

/**
 * The types of tasks that a key sees by a route: those that its scopes for the route are about. `deploy.status` is about
 * deploys, `task.get` about tasks of any type.
 */
export function typesSeen(held: readonly string[], { scopes }: Access): readonly TaskType[] {
  const topics = scopes.filter((scope) => holdsScope(held, scope)).map((scope) => scope.split('.')[0]);
  const types = taskType.options.filter((type) => topics.includes(type));
  return topics.every((topic) => types.some((type) => type === topic)) ? types : taskType.options;
}

/** Whether every wanted scope, wildcards included, lies within the scopes held: no key can make a stronger one. */
export function coversScopes(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((one) => holdsScope(scopes, one));
}
