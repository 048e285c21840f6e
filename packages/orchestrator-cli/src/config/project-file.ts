import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OrchestratorError } from '@codegen/sdk/errors';
import { FileError, parseFile, readRegularFile } from '@codegen/sdk/files';

const PROJECT_FILE = '.orchestrator.json';
const MOST_BYTES = 64 * 1024;

/** What a folder of a project may decide. It comes with a checkout, so it may not say where tokens are sent. */
export interface ProjectFile {
  path: string;
  project?: string;
}

/**
 * Reads the nearest `.orchestrator.json`, from here upward. Anything but `project` in it is left out with a warning.
 * @throws OrchestratorError USAGE where the file is broken, or no regular file
 */
export async function readProjectFile(from: string, warnings: string[] = []): Promise<ProjectFile | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, PROJECT_FILE);
    const bytes = await readRegularFile(path, { mostBytes: MOST_BYTES }).catch((error) => refuse(path, error));
    if (bytes) return parse(path, bytes.toString(), warnings);
    if (folder === dirname(folder)) return undefined;
  }
}

/** A folder that may not be entered has no file for this user. */
async function refuse(path: string, error: unknown): Promise<undefined> {
  if (!(error instanceof FileError)) throw error;
  const isThere = await lstat(path).catch(() => undefined);
  if (isThere) throw new OrchestratorError('USAGE', error.message);
}

function parse(path: string, text: string, warnings: string[]): ProjectFile {
  let value: unknown;
  try {
    value = parseFile(path, 'JSON', text, JSON.parse);
  } catch (error) {
    throw new OrchestratorError('USAGE', (error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OrchestratorError('USAGE', `${path} must hold an object such as {"project": "todo-api"}`);
  }
  const { project, ...others } = value as Record<string, unknown>;
  const ignored = Object.keys(others);
  if (ignored.length > 0) warnings.push(`${path} may only set "project"; ignored: ${ignored.join(', ')}`);
  if (project === undefined) return { path };
  if (typeof project !== 'string') throw new OrchestratorError('USAGE', `in ${path}, "project" must be a name or id`);
  return { path, project };
}
