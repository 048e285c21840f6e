/** The ids of all CLI commands, as used in ALLOWED_COMMANDS and in the scopes of API keys. */
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

/** Scopes that are not command ids: parts of a command, calls without a command, and calls of services. */
const otherScopes = [
  /** `worker create` with environment variables for the agent. */
  'worker.create.env',
  'deploy.rollback',
  ...['infra.servers', 'infra.server.add', 'secret.resolve'],
  ...['task.claim', 'task.transition', 'task.published', 'event.write', 'outbox.read'],
  ...['project.report', 'project.repository', 'allocation.write', 'deployment.write'],
] as const;

/** All valid scopes except wildcards. */
export const knownScopes = [...commandIds, ...otherScopes] as const;
export type KnownScope = (typeof knownScopes)[number];

/** Scopes that only an admin can grant: publishing any message, and variables for agents. No `topic.*` includes them. */
const adminScopes: readonly string[] = ['queue.publish', 'worker.create.env'];

/** The first scope in the list that only an admin can grant. */
export function adminScopeIn(scopes: readonly string[]): string | undefined {
  return scopes.find((scope) => adminScopes.includes(scope));
}

/** Whether a scope is valid: a known one, `*`, or a `topic.*` that includes a known one. */
export function isKnownScope(scope: string): boolean {
  if ((knownScopes as readonly string[]).includes(scope)) return true;
  return scope.endsWith('*') && knownScopes.some((known) => holdsScope([scope], known));
}

/** Commands that read only the CLI's own files, or that offer only what the other scopes allow. */
const offline = ['contracts.*', 'mcp'] as const;

/** Task commands for users: `task.*` would include those of administrators and services. */
const tasks = ['task.list', 'task.get', 'task.watch', 'task.logs', 'task.cancel', 'task.retry'] as const;

/**
 * Scopes of each agent role. They exclude what the API reserves for administrators and services, since every listed
 * command must work for the agent. The same list limits ALLOWED_COMMANDS in a container and the container's API key.
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
    // Names only: a person sets the values.
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

/** The only scopes of each service's key; a key of the role service reads projects and tasks without a scope. */
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
/** All services that call the API, each with its own key. */
export const serviceNames = Object.keys(serviceScopes) as [ServiceName, ...ServiceName[]];

/** Expands roles (in any letter case) to their scopes, and `topic:verb` to `topic.verb`. */
export function expandScopes(entries: readonly string[]): string[] {
  const roles: Readonly<Record<string, readonly string[]>> = roleScopes;
  const expanded = entries.flatMap((entry) => {
    const role = entry.toUpperCase();
    return Object.hasOwn(roles, role) ? (roles[role] ?? []) : [entry.replaceAll(':', '.')];
  });
  return [...new Set(expanded)];
}

/**
 * Whether one of the scopes is the wanted one or includes it. `*` includes everything; `topic.*` includes the topic and all
 * below it, except scopes that only an admin can grant.
 */
export function holdsScope(scopes: readonly string[], wanted: string): boolean {
  return scopes.some((scope) => {
    if (scope === '*' || scope === wanted) return true;
    return scope.endsWith('.*') && !adminScopes.includes(wanted) && `${wanted}.`.startsWith(scope.slice(0, -1));
  });
}
