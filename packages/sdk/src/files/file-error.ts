import type { Stats } from 'node:fs';

/**
 * What is wrong with a file: another kind of entry is there, it is too large, it is not JSON or YAML, it cannot be read.
 * `unavailable` is the machine's fault: a later try may succeed.
 */
export type FileProblem = 'not_a_file' | 'too_large' | 'malformed' | 'unreadable' | 'unavailable';

const MACHINE_CODES = new Set(['EDQUOT', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EROFS', 'ESTALE']);

/**
 * A file that cannot be used. The message names it and says what to do. Neither message nor cause quotes its content: a
 * path that another account controls may lead to a secret.
 */
export class FileError extends Error {
  override readonly name = 'FileError';

  constructor(
    readonly problem: FileProblem,
    message: string,
    /** Code of the failed system call, if there was one. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The error for a path that holds something other than a regular file or a folder. */
export function unexpectedKind(path: string, found: string, wanted: 'regular file' | 'folder'): FileError {
  return new FileError('not_a_file', `${path} is ${found}, not a ${wanted}: remove it or name another path`);
}

/** The kind of an entry, in words. */
export function kindOf(entry: Stats): string {
  if (entry.isFile()) return 'a file';
  if (entry.isDirectory()) return 'a folder';
  if (entry.isSymbolicLink()) return 'a symbolic link';
  if (entry.isFIFO()) return 'a named pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}

/** The error for a failed system call, without the path that Node.js puts into its message. */
export function failedCall(path: string, doing: 'read' | 'written', cause: unknown): FileError {
  if (cause instanceof FileError) return cause;
  const { code = 'error' } = cause as NodeJS.ErrnoException;
  const next = MACHINE_CODES.has(code) ? 'try again when the disk works' : 'check the path and its permissions';
  return new FileError(
    MACHINE_CODES.has(code) ? 'unavailable' : 'unreadable',
    `${path} cannot be ${doing} (${code}): ${next}`,
    code,
  );
}

/**
 * Parses a file's text, without a byte order mark, which editors on Windows add. The parser's error quotes the text, so only
 * its line and column are kept.
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
  // At the very end only: earlier it may be quoted text.
  const position = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(String(message).slice(-80))?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position));
  return ` (line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')})`;
}
