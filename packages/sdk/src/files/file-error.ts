import type { Stats } from 'node:fs';

/**
 * What is wrong with a file: something else stands there, it is too much, it is not JSON or YAML, it is not to be had.
 * `unavailable` is the machine's fault: later it may go well.
 */
export type FileProblem = 'not_a_file' | 'too_large' | 'malformed' | 'unreadable' | 'unavailable';

const OF_THE_MACHINE = new Set(['EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EROFS', 'ESTALE']);

/**
 * A file that cannot be used. The message names it and says what to do. It never quotes what is in it, and neither does a
 * cause: a path that somebody else controls may lead to a secret.
 */
export class FileError extends Error {
  override readonly name = 'FileError';

  constructor(
    readonly problem: FileProblem,
    message: string,
    /** Of the system call that failed, if one did. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The error for what stands at a path in place of a regular file or of a folder. */
export function unexpectedKind(path: string, found: string, wanted: 'regular file' | 'folder'): FileError {
  return new FileError('not_a_file', `${path} is ${found}, not a ${wanted}: remove it or name another path`);
}

/** What an entry is, in words. */
export function kindOf(entry: Stats): string {
  if (entry.isFile()) return 'a file';
  if (entry.isDirectory()) return 'a folder';
  if (entry.isSymbolicLink()) return 'a symbolic link';
  if (entry.isFIFO()) return 'a named pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}

/** The error for a system call that failed, without the path that Node.js puts into its own. */
export function failedCall(path: string, doing: 'read' | 'written', cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const { code = 'error' } = cause as NodeJS.ErrnoException;
  const next = OF_THE_MACHINE.has(code) ? 'try again when the disk is well' : 'check it and its permissions';
  return new FileError(
    OF_THE_MACHINE.has(code) ? 'unavailable' : 'unreadable',
    `${path} cannot be ${doing} (${code}): ${next}`,
    code,
  );
}

/**
 * What a parser makes of a file's text, without a byte order mark, which editors of Windows put before it. Its own complaint quotes the text, so of that only the place is kept.
 * @throws {FileError} where the parser throws
 */
export function parseFile<T>(path: string, format: 'JSON' | 'YAML', text: string, parse: (text: string) => T): T {
  try {
    return parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new FileError('malformed', `${path} is not ${format}${placeOf(error, text)}: correct or remove it`);
  }
}

function placeOf(error: unknown, text: string): string {
  const { linePos, message } = error as { linePos?: readonly { line: number; col: number }[]; message?: string };
  const [start] = linePos ?? [];
  if (start) return ` (line ${Number(start.line)}, column ${Number(start.col)})`;
  // At the very end only: further ahead it may be quoted.
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(message).slice(-80))?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position));
  return ` (line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')})`;
}
