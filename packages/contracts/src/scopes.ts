/** What reads nothing but the CLI's own files, or serves only what is allowed beside it. */
const offline = ['contracts.*', 'mcp'] as const;

/**
 * What each role of an agent may do. The ids are the CLI's commands and the API's scopes alike, so that the same list
 * binds ALLOWED_COMMANDS in a container and the key that is given to it.
 */
export const roleScopes = {
  PRODUCT_OWNER: [
    'project.*',
    'engineering.*',
    'deploy.*',
    'task.*',
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
    'task.*',
    'explain',
    'infra.*',
    'queue.*',
    'worker.*',
    'respond',
    'auth.status',
    'diagnose.*',
    ...offline,
  ],
} as const satisfies Record<string, readonly string[]>;

/** The scopes that a list comes to: roles, in any case, become what they may do; `topic:verb` is `topic.verb`. */
export function expandScopes(entries: readonly string[]): string[] {
  const roles: Readonly<Record<string, readonly string[]>> = roleScopes;
  const expanded = entries.flatMap((entry) => {
    const role = entry.toUpperCase();
    return Object.hasOwn(roles, role) ? (roles[role] ?? []) : [entry.replaceAll(':', '.')];
  });
  return [...new Set(expanded)];
}

/** Whether one of the scopes is the wanted one, or includes it: `topic.*` the topic and all below it, `*` everything. */
export function holdsScope(scopes: readonly string[], wanted: string): boolean {
  return scopes.some((scope) => {
    if (scope === '*' || scope === wanted) return true;
    return scope.endsWith('.*') && `${wanted}.`.startsWith(scope.slice(0, -1));
  });
}
