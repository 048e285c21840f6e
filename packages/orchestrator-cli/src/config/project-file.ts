import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OrchestratorError } from '@codegen/sdk/errors';

const PROJECT_FILE = '.orchestrator.json';

/** What a folder of a project may decide. It comes with a checkout, so it may not say where tokens are sent. */
export interface ProjectFile {
  path: string;
  project?: string;
}

/**
 * Reads the nearest `.orchestrator.json`, from here upward. Anything but `project` in it is left out with a warning.
 * @throws OrchestratorError USAGE where the file is broken
 */
export async function readProjectFile(from: string, warnings: string[] = []): Promise<ProjectFile | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, PROJECT_FILE);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return parse(path, text, warnings);
    if (folder === dirname(folder)) return undefined;
  }
}

function parse(path: string, text: string, warnings: string[]): ProjectFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OrchestratorError('USAGE', `${path} is not JSON: repair or remove it`, { cause });
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
