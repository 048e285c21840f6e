/** Fields of /proc/<pid>/stat for a living process. */
export interface StatFields {
  /** One letter: R runs, S sleeps, T is stopped by a signal, … */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Clock ticks after boot; with the pid it identifies a process until the next boot. */
  readonly startTime: string;
}

/** Parses /proc/<pid>/stat (proc(5)); undefined for a zombie, a dead process and an empty text. */
export function parseStat(stat: string): StatFields | undefined {
  // The command's name in parentheses may hold any character, so fields are counted after the last `)`.
  const [state, parent, group, session, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[15];
  if (!startTime || !state || state === 'Z' || state === 'X') return undefined;
  return { state, parent: Number(parent), group: Number(group), session: Number(session), startTime };
}
