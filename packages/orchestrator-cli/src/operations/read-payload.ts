import { OrchestratorError } from '@codegen/sdk/errors';
import { jsonText } from '../json-text.js';
import { openInput, readAll } from '../read-input.js';

/** A megabyte of spec, with every character escaped. */
const MOST_BYTES = 8 * 1024 * 1024;
const tooLarge = new OrchestratorError('VALIDATION_FAILED', `--input holds over ${MOST_BYTES} bytes`);

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
  const value = parse(await readAll(await openInput(flag), signal, { mostBytes: MOST_BYTES, tooLarge }));
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

function parse(bytes: Buffer): unknown {
  const text = jsonText(bytes);
  if (text === undefined) throw new OrchestratorError('VALIDATION_FAILED', '--input is not UTF-8 text');
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own words quote the document.
    throw new OrchestratorError('VALIDATION_FAILED', '--input is not JSON');
  }
}
