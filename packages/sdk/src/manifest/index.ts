import { type ProjectManifest, projectManifest } from '@codegen/contracts';
import { type Document, isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { PermanentError } from '../errors.js';

export { checkFile, FILE_RULES, LARGE_FILE_BYTES } from './file-rules.js';
export { type NpmPackage, npmFiles, readNpmPackage } from './npm-package.js';

/** The file that says how a project is tested and started. */
export const MANIFEST_FILE = '.project.yml';

/** The library needs some microseconds per character, on the event loop of a service. */
export const MAX_MANIFEST_BYTES = 32 * 1024;

const SEVERAL_ISSUES = 5;

/** `.project.yml` is invalid; the message names the place and quotes none of the text. */
export class ManifestError extends PermanentError {}

/**
 * Parses the text of `.project.yml`; undefined stands for a missing file. Agents write it, and as a link it may be any
 * other file, so errors name the place and never quote the text. Takes linear time.
 * @throws {ManifestError}
 */
export function parseManifest(text: string | undefined): ProjectManifest {
  if (text === undefined) throw new ManifestError(`${MANIFEST_FILE} is missing: it must say how to test and start it`);
  if (Buffer.byteLength(text) > MAX_MANIFEST_BYTES) {
    throw new ManifestError(`${MANIFEST_FILE} is larger than ${MAX_MANIFEST_BYTES / 1024} KiB: shorten it`);
  }
  const { data, error } = projectManifest.safeParse(parseYaml(text));
  if (data) return data;
  const issues = error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`);
  const more = issues.length > SEVERAL_ISSUES ? `; and ${issues.length - SEVERAL_ISSUES} more` : '';
  throw new ManifestError(`${MANIFEST_FILE} is invalid: ${issues.slice(0, SEVERAL_ISSUES).join('; ')}${more}`);
}

function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  // The library's own check for duplicate keys takes quadratic time, and its errors quote the text.
  const document = parseDocument(text, {
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter: lines,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`;
  };
  const [error] = document.errors;
  if (error) throw new ManifestError(`${MANIFEST_FILE} is not YAML: ${wordsOf(error.code)} at ${place(error.pos[0])}`);
  const twice = repeatedKey(document);
  if (twice !== undefined) throw new ManifestError(`${MANIFEST_FILE} has the same key twice at ${place(twice)}`);
  try {
    return document.toJS();
  } catch {
    throw new ManifestError(`${MANIFEST_FILE} uses too many YAML aliases: write the values out`);
  }
}

/** Offset of a duplicate key. */
function repeatedKey(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>();
      for (const { key } of isMap(map) ? map.items : []) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found ??= key.range?.[0] ?? 0;
        seen.add(key.value);
      }
      return found === undefined ? undefined : visit.BREAK;
    },
  });
  return found;
}

/** `BAD_INDENT` as `bad indent`. */
function wordsOf(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
