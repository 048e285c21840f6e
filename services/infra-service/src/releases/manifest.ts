import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ProjectManifest, projectManifest } from '@codegen/contracts';
import { parse } from 'yaml';
import { z } from 'zod';
import { DeployFailure } from '../executors/executor.js';

/**
 * Reads `.project.yml` of a release: how it starts and what it needs in its environment.
 * @throws {DeployFailure} where it is missing or says something else
 */
export async function readManifest(folder: string): Promise<ProjectManifest> {
  let document: unknown;
  try {
    document = parse(await readFile(join(folder, '.project.yml'), 'utf8'));
  } catch (error) {
    throw invalid((error as Error).message.replaceAll(`${folder}/`, ''), error);
  }
  const manifest = projectManifest.safeParse(document);
  if (!manifest.success) throw invalid(z.prettifyError(manifest.error), manifest.error);
  return manifest.data;
}

function invalid(why: string, cause: unknown): DeployFailure {
  return new DeployFailure('start_failed', `.project.yml of this commit cannot be used: ${why}`, {}, { cause });
}
