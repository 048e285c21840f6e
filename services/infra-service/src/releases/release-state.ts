import { basename, dirname } from 'node:path';
import { parseFile, readRegularFile, writeFileBelow } from '@codegen/sdk/files';
import { z } from 'zod';

const releaseState = z.object({
  sha: z.string(),
  repo_full_name: z.string(),
  clone_url: z.string().optional(),
  /** Where clients reach it. */
  server_ip: z.string(),
  allocated_port: z.int(),
  /** Where the release itself listened when this was written. */
  release_port: z.int(),
  /** A reference; values are asked for anew whenever the service starts. */
  secrets_ref: z.string(),
  pid: z.int(),
  process_start_time: z.string(),
  boot_id: z.string(),
  started_at: z.string(),
  /** The releases before, newest first; their folders are kept. */
  previous: z.array(z.string()),
});
/** What runs for a project, as it is after a restart of the service. Holds no secret. */
export type ReleaseState = z.infer<typeof releaseState> & { clone_url: string };

const MOST_BYTES = 1024 * 1024;

/** The recorded state, or undefined where nothing was ever deployed. Throws on a file that is not one: releases run beside it. */
export async function readReleaseState(file: string): Promise<ReleaseState | undefined> {
  const bytes = await readRegularFile(file, { mostBytes: MOST_BYTES });
  if (!bytes) return undefined;
  const state = releaseState.parse(parseFile(file, 'JSON', bytes.toString(), JSON.parse));
  // States of an earlier version have none: every repository was a folder that its name led to.
  return { ...state, clone_url: state.clone_url ?? `${state.repo_full_name}.git` };
}

/** Replaces the state: a reader sees the old one or the new one, also after a crash. */
export async function writeReleaseState(file: string, state: ReleaseState): Promise<void> {
  const text = `${JSON.stringify(state, null, 2)}\n`;
  await writeFileBelow(dirname(file), basename(file), text, { sync: true, replaces: 'anything' });
}
