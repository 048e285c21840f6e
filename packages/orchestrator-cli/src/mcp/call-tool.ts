import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { isOrchestratorError, OrchestratorError } from '@codegen/sdk/errors';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { cleanError, cleanWarnings } from '../clean-outcome.js';
import { type CommandId, commandName } from '../command-table.js';
import { loadCommand } from '../generated/load-command.js';
import { type FailureEnvelope, failure, type SuccessEnvelope, success } from '../kit/envelope.js';
import { translateError } from '../kit/errors.js';
import { Output } from '../kit/output.js';
import { runOn } from '../kit/run-command.js';
import { makeRuntime } from '../kit/runtime.js';
import { oneLine } from '../kit/text.js';
import { checkAllowed } from '../permissions.js';
import { checkedInput, toolInput } from './tool-input.js';
import { toolSteps, withToolSteps } from './tool-step.js';
import { inputNames } from './tool-words.js';

/** Clients give up on a call after a minute; what takes longer is told before, and asked for again. */
const PATIENCE_MS = 50_000;
/** Milliseconds that a command gets to end by itself once its call is over. */
const GRACE_MS = 500;
/** Lines of what was followed that an answer holds; the newest. */
const MOST_LINES = 1000;

export interface CallContext {
  env: NodeJS.ProcessEnv;
  /** Aborted when the client takes the call back, and when the server ends. */
  signal: AbortSignal;
  /** Told what happens meanwhile. */
  progress(message: string): void;
}

/** Runs a command for a client. Never throws: failures are answers too. */
export async function callTool(id: CommandId, input: unknown, context: CallContext): Promise<CallToolResult> {
  const lines: unknown[] = [];
  const output = new Output(
    toLines((line) => {
      const event = parsed(line);
      lines.push(event);
      if (lines.length > MOST_LINES) lines.shift();
      context.progress(saidBy(event));
    }),
    toLines((line) => context.progress(oneLine(line))),
    true,
    () => undefined,
  );
  const call = new AbortController();
  const runtime = makeRuntime({ env: context.env, json: true, verbose: false, signal: call.signal, output });
  const command = commandName(id);
  let timer: NodeJS.Timeout | undefined;
  const takenBack = () => call.abort(reasonOf(context.signal));
  context.signal.addEventListener('abort', takenBack, { once: true });
  if (context.signal.aborted) takenBack();
  let envelope: SuccessEnvelope | FailureEnvelope;
  try {
    const definition = await loadCommand(id);
    const schema = toolInput(definition);
    const fields = new Set(Object.keys(schema.shape));
    const given = checkedInput(schema, { ...defaultsOf(fields), ...(input as object | undefined) });
    checkAllowed(id, context.env);
    if (!fields.has('timeout')) timer = setTimeout(() => call.abort(tooLate()), PATIENCE_MS);
    const { data } = await Promise.race([runOn(id, definition, given, runtime), forced(call.signal)]);
    const told = await withToolSteps(data, context.env);
    envelope = success(command, told, cleanWarnings(runtime), runtime.meta);
  } catch (cause) {
    const { error, next } = cleanError(translateError(cause), id, runtime);
    envelope = failure(command, error, next, cleanWarnings(runtime), runtime.meta);
  } finally {
    clearTimeout(timer);
    context.signal.removeEventListener('abort', takenBack);
  }
  const answer = { ...(await inToolWords(envelope, id, context.env)), ...(lines.length > 0 && { lines }) };
  return {
    structuredContent: answer,
    content: [{ type: 'text', text: JSON.stringify(answer) }],
    isError: !envelope.ok,
  };
}

/** An answer that names tools and their inputs, where that of the command line names commands and flags. */
async function inToolWords(envelope: SuccessEnvelope | FailureEnvelope, id: CommandId, env: NodeJS.ProcessEnv) {
  const names = new Set(Object.keys(toolInput(await loadCommand(id)).shape));
  const warnings = envelope.warnings.map((warning) => inputNames(warning, names));
  if (envelope.ok) return { ...envelope, warnings };
  const { error } = envelope;
  // Arguments are told of in capitals.
  const given = (text: string) => (names.has(text.toLowerCase()) ? text.toLowerCase() : inputNames(text, names));
  // Files are not the client's: their flags are none of its inputs.
  const missing = envelope.missing?.filter((name) => !name.startsWith('--') || names.has(inputNames(name, names)));
  const kept = (written: string, flag: string) => (names.has(inputNames(flag, names)) ? written : '');
  const alternatives = (text: string) => {
    return text.replace(/ or (--[a-z-]{1,30})/g, kept).replace(/(--[a-z-]{1,30}) or /g, kept);
  };
  const message = missing
    ? alternatives(error.message).replace(/--[a-z-]+|\b[A-Z]+\b/g, given)
    : inputNames(error.message, names);
  return {
    ...envelope,
    error: {
      ...error,
      message,
      ...(error.details !== undefined && { details: await withToolSteps(error.details, env) }),
      ...(missing && { details: { missing: missing.map(given) } }),
    },
    ...(missing && { missing: missing.map(given) }),
    next: await toolSteps(envelope.next, env),
    warnings,
  };
}

/** Two equal calls of one client are two calls, also where a CI run would make them one. */
function defaultsOf(fields: ReadonlySet<string>): Record<string, string> {
  return {
    ...(fields.has('idempotency_key') && { idempotency_key: randomUUID() }),
    ...(fields.has('timeout') && { timeout: `${PATIENCE_MS / 1000}s` }),
  };
}

function tooLate(): OrchestratorError {
  return new OrchestratorError('STILL_RUNNING', `it has not ended after ${PATIENCE_MS / 1000} s; call again to go on`);
}

function reasonOf({ reason }: AbortSignal): OrchestratorError {
  return isOrchestratorError(reason) ? reason : new OrchestratorError('INTERRUPTED', 'the client took the call back');
}

/** Rejects a little after the signal, for commands that do not end by it. */
function forced(signal: AbortSignal): Promise<never> {
  const never = new Promise<never>((_, reject) => {
    const soon = () => void setTimeout(() => reject(signal.reason), GRACE_MS).unref();
    if (signal.aborted) soon();
    else signal.addEventListener('abort', soon, { once: true });
  });
  never.catch(() => undefined);
  return never;
}

/** A stream that hands on whole lines; commands write one at a time. */
function toLines(take: (line: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      for (const line of String(chunk).split('\n')) if (line.trim() !== '') take(line);
      done();
    },
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function saidBy(event: unknown): string {
  const { message, current_step, type } = (event ?? {}) as Record<string, unknown>;
  if (typeof message !== 'string') return typeof type === 'string' ? oneLine(type) : oneLine(String(event));
  return oneLine(typeof current_step === 'string' ? `${current_step}: ${message}` : message);
}
