import { OrchestratorError } from '@codegen/sdk/errors';
import { jsonText } from '../json-text.js';
import { openInput, readAll } from '../read-input.js';

/** Bytes of a message that are read at most. */
const MOST_BYTES = 8 * 1024 * 1024;

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
  const tooLarge = new OrchestratorError('VALIDATION_FAILED', `--input holds over ${MOST_BYTES} bytes`);
  const text = jsonText(await readAll(await openInput(input), signal, { mostBytes: MOST_BYTES, tooLarge }));
  if (text === undefined) throw new OrchestratorError('VALIDATION_FAILED', '--input is not UTF-8 text');
  const message = parse(text);
  if (typeof message === 'object' && message !== null && !Array.isArray(message)) {
    return { message: message as Record<string, unknown>, fields };
  }
  throw new OrchestratorError('VALIDATION_FAILED', '--input must hold one JSON object');
}

function parse(text: string): unknown {
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
