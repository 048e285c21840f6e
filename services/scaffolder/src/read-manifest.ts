import { type ProjectManifest, projectManifest } from '@codegen/contracts';
import { PermanentError } from '@codegen/sdk/errors';
import { parse } from 'yaml';

/** Where a project says how it is tested and started. */
export const MANIFEST_FILE = '.project.yml';

const MAX_CHARACTERS = 64 * 1024;

/**
 * Reads the text of `.project.yml`. Agents write it, so anything may be in there.
 * @throws {PermanentError} naming what is wrong with it
 */
export function readManifest(text: string | undefined): ProjectManifest {
  if (text === undefined) throw new PermanentError(`${MANIFEST_FILE} is missing. It says how to test and start it.`);
  if (text.length > MAX_CHARACTERS) throw new PermanentError(`${MANIFEST_FILE} is longer than 64 KiB.`);
  let document: unknown;
  try {
    document = parse(text, { logLevel: 'error' });
  } catch (error) {
    throw new PermanentError(`${MANIFEST_FILE} is not YAML: ${(error as Error).message.split('\n')[0]}`);
  }
  const { data, error } = projectManifest.safeParse(document);
  if (data) return data;
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
  throw new PermanentError(`${MANIFEST_FILE} is not right: ${issues.join('; ')}`);
}
