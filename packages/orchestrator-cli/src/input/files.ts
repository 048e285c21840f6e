import { isUtf8 } from 'node:buffer';
import { constants, createReadStream, fstatSync, open, readSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { OrchestratorError } from '@codegen/sdk/errors';

/** Bytes of input that are read at most; the specs allowed are smaller, and their own check says so. */
const MOST_BYTES = 4 * 1024 * 1024;

/** Milliseconds that a named pipe may be without anybody who writes to it. */
const WRITER_MS = 5000;

/** What input that is too large is refused with, where it is none of the usual words. */
export interface ReadOptions {
  code?: 'SPEC_TOO_LARGE' | 'VALIDATION_FAILED';
  message?: string;
}

/** All of standard input. @throws OrchestratorError VALIDATION_FAILED, or `code`, beyond 4 MiB */
export async function readStdin(signal: AbortSignal, options?: ReadOptions): Promise<Buffer> {
  const tooLarge = tooLargeOf('standard input', options);
  return await readAll(process.stdin, signal, { mostBytes: MOST_BYTES, tooLarge });
}

/**
 * Opens what the user names, or standard input for `-`: a file, a pipe such as `<(…)`, a device.
 * @throws OrchestratorError USAGE where it cannot be opened
 */
export async function openInput(path: string, name = path): Promise<Readable> {
  // Standard input may be a socket, which cannot be opened by its name.
  if (path === '-' || path === '/dev/stdin') return process.stdin;
  try {
    // Opening a pipe that nobody writes to would take a thread, and the end of the process waits for that.
    const fd = await promisify(open)(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const input = await readableOf(fd, path);
    return Object.assign(input, { path: name });
  } catch (cause) {
    throw unreadable(name, cause);
  }
}

async function readableOf(fd: number, path: string): Promise<Readable> {
  if (fstatSync(fd).isFIFO()) {
    const { Socket } = await import('node:net');
    const pipe = new Socket({ fd, readable: true, writable: false });
    // A pipe of a folder waits for whoever opens its other end, and nothing tells that nobody ever will.
    const timer = setTimeout(() => endWithoutWriter(pipe, fd), WRITER_MS);
    for (const event of ['readable', 'end', 'close'] as const) pipe.once(event, () => clearTimeout(timer));
    return pipe;
  }
  const { isatty, ReadStream } = await import('node:tty');
  return isatty(fd) ? new ReadStream(fd) : createReadStream(path, { fd });
}

/** Gives a pipe up, from which nothing has come so far, unless somebody has its other end open. */
function endWithoutWriter(pipe: Socket, fd: number): void {
  const byte = Buffer.alloc(1);
  try {
    if (readSync(fd, byte) === 0) pipe.destroy(new Error('nobody writes to it'));
    else pipe.unshift(byte);
  } catch {
    // There is somebody, with nothing to say so far.
  }
}

/** What comes in, piece by piece, until the signal. @throws OrchestratorError USAGE where it cannot be read */
export async function* readChunks(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of input) yield chunk as Buffer;
  } catch (cause) {
    signal.throwIfAborted();
    const { path } = input as { path?: unknown };
    throw unreadable(typeof path === 'string' && path !== '' ? path : 'standard input', cause);
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
}

/** All that comes in. @throws OrchestratorError USAGE where it cannot be read, `tooLarge` beyond `mostBytes` */
export async function readAll(
  input: Readable,
  signal: AbortSignal,
  { mostBytes, tooLarge }: { mostBytes: number; tooLarge: OrchestratorError },
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readChunks(input, signal)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > mostBytes) throw tooLarge;
  }
  return Buffer.concat(chunks);
}

/**
 * The bytes of a file that a flag names, or of standard input for `-`.
 * @throws OrchestratorError USAGE where it cannot be read; VALIDATION_FAILED, or `code`, beyond 4 MiB
 */
export async function readFileOf(
  path: string,
  flag: string,
  signal: AbortSignal,
  options?: ReadOptions,
): Promise<Buffer> {
  if (path === '-') return await readStdin(signal, options);
  const name = `the file of ${flag}, ${path},`;
  const tooLarge = tooLargeOf(name, options);
  return await readAll(await openInput(path, name), signal, { mostBytes: MOST_BYTES, tooLarge });
}

function tooLargeOf(what: string, { code = 'VALIDATION_FAILED', message }: ReadOptions = {}): OrchestratorError {
  return new OrchestratorError(code, message ?? `${what} has over ${MOST_BYTES} bytes`);
}

/** Bytes as text, kept exactly: line ends, a byte order mark, everything. @throws OrchestratorError VALIDATION_FAILED where it is not UTF-8 */
export function exactText(bytes: Buffer, what = 'the spec'): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new OrchestratorError('VALIDATION_FAILED', `${what} is not UTF-8 text`, { cause });
  }
}

function unreadable(what: string, cause: unknown): OrchestratorError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new OrchestratorError('USAGE', `${what} cannot be read (${code ?? message})`, { cause });
}

/** The text of a JSON document, without a byte order mark; undefined where the bytes are not UTF-8. */
export function jsonText(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
