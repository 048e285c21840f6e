import { open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';

const releaseState = z.object({
  sha: z.string(),
  repo_full_name: z.string(),
  /** Where the forwarder listens. */
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
export type ReleaseState = z.infer<typeof releaseState>;

/** The recorded state, or undefined where nothing was ever deployed. Throws on a file that is not one. */
export async function readReleaseState(file: string): Promise<ReleaseState | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return releaseState.parse(JSON.parse(text));
}

/** Replaces the state: a reader sees the old one or the new one, also after a crash. */
export async function writeReleaseState(file: string, state: ReleaseState): Promise<void> {
  const next = `${file}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(state, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
