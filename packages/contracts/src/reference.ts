/** Where a secret's value is stored; messages carry references, never values. */
export type SecretReference =
  | { kind: 'vault'; scope: 'project'; projectId: string; name?: string }
  | { kind: 'vault'; scope: 'platform'; name: string }
  | { kind: 'env'; name: string }
  | { kind: 'none' };

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;

/**
 * Parses `vault:project/<id>[/NAME]`, `vault:platform/NAME`, `env:NAME` or `none:`.
 * Returns undefined for anything else, so that a plain-text secret never passes as a reference.
 */
export function parseReference(text: string): SecretReference | undefined {
  if (text === 'none:') return { kind: 'none' };
  const env = /^env:(.+)$/.exec(text)?.[1];
  if (env && NAME.test(env)) return { kind: 'env', name: env };
  const [head, owner, name, ...rest] = text.split('/');
  if (rest.length > 0) return undefined;
  if (head === 'vault:platform' && owner && NAME.test(owner) && name === undefined) {
    return { kind: 'vault', scope: 'platform', name: owner };
  }
  if (head === 'vault:project' && owner && /^[\w-]{1,64}$/.test(owner)) {
    if (name === undefined) return { kind: 'vault', scope: 'project', projectId: owner };
    if (NAME.test(name)) return { kind: 'vault', scope: 'project', projectId: owner, name };
  }
  return undefined;
}
