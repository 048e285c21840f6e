import { OrchestratorError } from '@codegen/sdk/errors';

/** Names from `--fields a,b`. @throws OrchestratorError VALIDATION_FAILED with the names there are */
export function readFields(flag: string | undefined, known: readonly string[]): string[] | undefined {
  if (flag === undefined) return undefined;
  const names = flag
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = names.filter((name) => !known.includes(name));
  if (names.length > 0 && unknown.length === 0) return names;
  const what = unknown.length > 0 ? `unknown: ${unknown.join(', ')}` : 'none given';
  throw new OrchestratorError('VALIDATION_FAILED', `--fields takes names of fields (${what})`, { choices: [...known] });
}

/** The chosen fields of an item, or all of it. */
export function pickFields<T extends object>(item: T, names: readonly string[] | undefined): Partial<T> {
  if (!names) return item;
  return Object.fromEntries(names.map((name) => [name, (item as Record<string, unknown>)[name] ?? null])) as Partial<T>;
}
