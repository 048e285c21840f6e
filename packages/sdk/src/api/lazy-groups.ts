/**
 * An object whose members are made when they are first asked for, and stay. In a bundle, the schemas of a group of calls
 * are then made with the group; those of all groups take most of a short program's time.
 */
export function lazyGroups<Groups extends Record<string, unknown>>(
  makers: { [Name in keyof Groups]: () => Groups[Name] },
): Groups {
  const groups = {} as Groups;
  for (const [name, make] of Object.entries<() => unknown>(makers)) {
    const keep = (value: unknown) =>
      Object.defineProperty(groups, name, { value, enumerable: true, configurable: true, writable: true });
    const get = () => {
      const value = make();
      keep(value);
      return value;
    };
    Object.defineProperty(groups, name, { get, set: keep, enumerable: true, configurable: true });
  }
  return groups;
}
