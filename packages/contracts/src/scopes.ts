/** Every command of the CLI, as ALLOWED_COMMANDS and the scopes of API keys name it. */
export const commandIds = [
  ...['project.create', 'project.list', 'project.get', 'project.update', 'project.archive', 'project.tasks'],
  ...['engineering.start', 'engineering.status', 'engineering.wait'],
  ...['deploy.start', 'deploy.status', 'deploy.wait', 'deploy.list'],
  ...['task.list', 'task.get', 'task.watch', 'task.logs', 'task.cancel', 'task.fail', 'task.retry'],
  ...['secret.set', 'secret.list', 'secret.delete'],
  ...['explain', 'respond'],
  ...['worker.create', 'worker.list', 'worker.get', 'worker.send', 'worker.send-file', 'worker.logs', 'worker.delete'],
  ...['queue.list', 'queue.stats', 'queue.peek', 'queue.tail', 'queue.publish'],
  ...['queue.dlq.list', 'queue.dlq.replay', 'queue.dlq.purge'],
  'mcp',
  ...['auth.login', 'auth.logout', 'auth.status', 'auth.key.create', 'auth.key.list', 'auth.key.revoke'],
  ...['user.create', 'user.list', 'user.disable', 'user.enable'],
  ...['infra.server.set', 'infra.server.list'],
  ...['config.get', 'config.set', 'config.list', 'config.profiles'],
  ...['diagnose', 'diagnose.api', 'diagnose.redis', 'diagnose.services', 'diagnose.workers', 'diagnose.projects'],
  ...['contracts.list', 'contracts.schema', 'contracts.asyncapi', 'contracts.validate'],
  ...['up', 'down', 'system.init', 'completion'],
] as const;

/** What else a key may be for: parts of a command, calls that no command makes yet, and what services do. */
const otherScopes = [
  /** `worker create` with variables for its agent. */
  'worker.create.env',
  'deploy.rollback',
  ...['infra.servers', 'infra.server.add', 'secret.resolve'],
  ...['task.claim', 'task.transition', 'task.published', 'event.write', 'outbox.read'],
  ...['project.report', 'project.repository', 'allocation.write', 'deployment.write'],
] as const;

/** Every scope that means something, wildcards aside. */
export const knownScopes = [...commandIds, ...otherScopes] as const;
export type KnownScope = (typeof knownScopes)[number];

/** What an admin alone gives to somebody: messages of any kind, and variables for agents. No `topic.*` includes them. */
const adminScopes: readonly string[] = ['queue.publish', 'worker.create.env'];

/** The first of the scopes that only a key of an admin is given by name. */
export function adminScopeIn(scopes: readonly string[]): string | undefined {
  return scopes.find((scope) => adminScopes.includes(scope));
}

/** Whether a scope means something: a known one, `*`, or the `topic.*` of one. */
export function isKnownScope(scope: string): boolean {
  if ((knownScopes as readonly string[]).includes(scope)) return true;
  return scope.endsWith('*') && knownScopes.some((known) => holdsScope([scope], known));
}

/** What reads nothing but the CLI's own files, or serves only what is allowed beside it. */
const offline = ['contracts.*', 'mcp'] as const;

/** What anybody does with tasks: a pattern would include what only an administrator or a service may. */
const tasks = ['task.list', 'task.get', 'task.watch', 'task.logs', 'task.cancel', 'task.retry'] as const;

/**
 * What each role of an agent may do: nothing that the API keeps for administrators and services, since what the list
 * offers an agent must work for it. The ids are the CLI's commands and the API's scopes alike, so that the same list
 * binds ALLOWED_COMMANDS in a container and the key that is given to it.
 */
export const roleScopes = {
  PRODUCT_OWNER: [
    ...([
      'project.create',
      'project.list',
      'project.get',
      'project.update',
      'project.archive',
      'project.tasks',
    ] as const),
    'engineering.*',
    'deploy.*',
    ...tasks,
    // The names alone: what a secret is, a person says.
    'secret.list',
    'explain',
    'respond',
    'auth.status',
    'diagnose.*',
    ...offline,
  ],
  DEVELOPER: ['project.get', 'task.get', 'respond', 'auth.status', 'diagnose.api', ...offline],
  DEVOPS: [
    'project.get',
    'project.list',
    'deploy.*',
    ...tasks,
    'secret.list',
    'explain',
    'infra.server.list',
    ...(['queue.list', 'queue.stats', 'queue.peek', 'queue.tail', 'queue.dlq.*'] as const),
    ...(['worker.create', 'worker.list', 'worker.get', 'worker.send', 'worker.send-file'] as const),
    ...(['worker.logs', 'worker.delete'] as const),
    'respond',
    'auth.status',
    'diagnose.*',
    ...offline,
  ],
} as const satisfies Record<string, readonly string[]>;

/** What the key of each service holds, and no more; a key of the role service reads projects and tasks without a scope. */
export const serviceScopes = {
  'infra-service': ['secret.resolve'],
  langgraph: [
    ...(['task.claim', 'task.transition', 'event.write'] as const),
    ...(['project.report', 'allocation.write', 'deployment.write'] as const),
  ],
  scaffolder: ['project.report', 'project.repository'],
  scheduler: ['outbox.read'],
  'worker-manager': ['secret.resolve'],
} as const satisfies Record<string, readonly KnownScope[]>;
export type ServiceName = keyof typeof serviceScopes;
/** Every service that works behind the API, with a key of its own. */
export const serviceNames = Object.keys(serviceScopes) as [ServiceName, ...ServiceName[]];

/** The scopes that a list comes to: roles, in any case, become what they may do; `topic:verb` is `topic.verb`. */
export function expandScopes(entries: readonly string[]): string[] {
  const roles: Readonly<Record<string, readonly string[]>> = roleScopes;
  const expanded = entries.flatMap((entry) => {
    const role = entry.toUpperCase();
    return Object.hasOwn(roles, role) ? (roles[role] ?? []) : [entry.replaceAll(':', '.')];
  });
  return [...new Set(expanded)];
}

/**
 * Whether one of the scopes is the wanted one, or includes it: `topic.*` the topic and all below it but what only an admin
 * gives, `*` everything.
 */
export function holdsScope(scopes: readonly string[], wanted: string): boolean {
  return scopes.some((scope) => {
    if (scope === '*' || scope === wanted) return true;
    return scope.endsWith('.*') && !adminScopes.includes(wanted) && `${wanted}.`.startsWith(scope.slice(0, -1));
  });
}
