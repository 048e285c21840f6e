/** What /proc/<pid>/stat tells of a living process. */
export interface StatFields {
  /** One letter: R runs, S sleeps, T is stopped by a signal, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks after boot; with the pid it names a process until the next boot. */
  readonly startTime: string;
}

/** Reads the text of /proc/<pid>/stat (proc(5)); undefined for a zombie, a dead process and no text. */
export function parseStat(stat: string): StatFields | undefined {
  // The command's name is in parentheses and may hold any character: fields are counted from behind it.
  const [state, parent, group, session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[15];
  if (!startTime || !state || state === 'Z' || state === 'X') return undefined;
  return { state, parent: Number(parent), group: Number(group), session: Number(session), startTime };
}
