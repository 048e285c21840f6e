import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { python } from '../../../tests/support/python.js';

/** What the peer said of a document: as its model dumps it, or the first error. */
export type Verdict = { ok: true; id?: string; json: Document } | { ok: false; id?: string; error: string };
export type Document = Record<string, unknown>;

/** A document to write to a stream, and the form that a producer may give it. */
export interface ToWrite {
  readonly stream: string;
  readonly model: string;
  readonly json: unknown;
  readonly form: (typeof forms)[number];
}

/** An entry that the peer wrote: what it says, and the whole model it was dumped from. */
export interface Written {
  readonly id: string;
  readonly json: Document;
  readonly complete: Document;
}

/** The ways in which the peer dumps a model. */
export const forms = [
  'complete',
  'what was set',
  'without nulls',
  'without defaults',
  'ASCII',
  'indented',
  'flat',
] as const;

const script = fileURLToPath(new URL('../../contracts/tests/fixtures/python-peer/python_peer.py', import.meta.url));

/** The Python peer; each call is one process. */
export const pythonPeer = {
  accept: (rows: readonly { model: string; json: unknown }[]) => run<Verdict>(['accept'], rows),
  read: (port: number, rows: readonly { stream: string; model: string }[]) =>
    run<Verdict>(['read', String(port)], rows),
  write: (port: number, rows: readonly ToWrite[]) => run<Written>(['write', String(port)], rows),
};

async function run<T>(args: readonly string[], rows: readonly object[]): Promise<T[]> {
  if (!python) throw new Error('there is no Python with Pydantic 2. Try: bin/set-up pydantic');
  const child = spawn(python, ['-B', '-W', 'ignore', script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  child.stdin.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const [answers, complaints, [code]] = await ended;
  if (code !== 0) throw new Error(`the Python peer failed: ${complaints}`);
  return answers
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}
