import { OrchestratorError } from '@codegen/sdk/errors';
import { jsonText, openInput, readAll } from './files.js';

/** A megabyte of spec, with every character escaped. */
const MOST_BYTES = 8 * 1024 * 1024;

type Contracts = typeof import('@codegen/contracts');

/** What is used of a schema of an object. */
interface ObjectSchema {
  shape: object;
  partial(): { strict(): { safeParse(value: unknown): { error?: { issues: readonly Issue[] } | undefined } } };
}

interface Issue {
  code?: string | undefined;
  path: readonly PropertyKey[];
  message: string;
}

/**
 * The request that `--input` names, as it stands there; nothing without the flag. Fields may be missing, for other
 * flags to say; what is there must fit, and a field that nobody knows is refused.
 * @throws OrchestratorError VALIDATION_FAILED with the path of each field that does not fit, USAGE for an unreadable file
 */
export async function readPayload<T>(
  flag: string | undefined,
  pick: (contracts: Contracts) => ObjectSchema,
  signal: AbortSignal,
): Promise<Partial<T>> {
  if (flag === undefined) return {};
  const value = await readDocument(flag, signal);
  const schema = pick(await import('@codegen/contracts'));
  const { error } = schema.partial().strict().safeParse(value);
  if (!error) return value as Partial<T>;
  const errors = error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const told = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const unknown = error.issues.some(({ code }) => code === 'unrecognized_keys');
  throw new OrchestratorError('VALIDATION_FAILED', `--input: ${told.join('; ')}`, {
    details: { errors },
    ...(unknown && { choices: Object.keys(schema.shape) }),
  });
}

/** A message as flags give it: a JSON document, and fields that win over it. */
export interface GivenMessage {
  message: Record<string, unknown>;
  fields: Record<string, string>;
}

/** Reads `--input` and `--set`. @throws OrchestratorError VALIDATION_FAILED, USAGE; never with a value */
export async function readMessage(
  { input, set = [] }: { input?: string | undefined; set?: string[] | undefined },
  signal: AbortSignal,
): Promise<GivenMessage> {
  const fields = Object.fromEntries(set.map(readField));
  if (input === undefined) return { message: {}, fields };
  const message = await readDocument(input, signal);
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) {
    return { message: message as Record<string, unknown>, fields };
  }
  throw new OrchestratorError('VALIDATION_FAILED', '--input must hold one JSON object');
}

/** The JSON that `--input` names, of any shape. */
async function readDocument(file: string, signal: AbortSignal): Promise<unknown> {
  const tooLarge = new OrchestratorError('VALIDATION_FAILED', `--input holds over ${MOST_BYTES} bytes`);
  const text = jsonText(await readAll(await openInput(file), signal, { mostBytes: MOST_BYTES, tooLarge }));
  if (text === undefined) throw new OrchestratorError('VALIDATION_FAILED', '--input is not UTF-8 text');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the document.
    throw new OrchestratorError('VALIDATION_FAILED', '--input is not JSON');
  }
}

function readField(text: string): [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1 || !/^[A-Za-z_]\w*$/.test(name)) {
    throw new OrchestratorError('USAGE', '--set takes NAME=VALUE, with the name of a field');
  }
  return [name, text.slice(at + 1)];
}
