import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TurnFailureReason, WorkerConfig } from '@codegen/contracts';
import { execa } from 'execa';
import type { WorkerHandle } from './runtimes/runtime.js';

/**
 * What is known of a worker; `worker.json` in its folder. Holds references to secrets, never their values.
 * States: queued (waits for a slot) → starting → running (its wrapper has said so) → lost (its process is gone; the
 * folder stays until the worker is deleted).
 */
export interface WorkerRecord {
  readonly worker_id: string;
  /** Of the create command. */
  readonly request_id: string;
  readonly state: 'queued' | 'starting' | 'running' | 'lost';
  /** Of the create command in its queue: the order in which slots are given. */
  readonly entry_id: string;
  /** Whether the create command was answered. */
  readonly answered?: boolean;
  readonly started_at?: number;
  readonly config: WorkerConfig;
  readonly context: Readonly<Record<string, string>>;
  readonly handle?: WorkerHandle;
  /** Why its turns fail, once it is lost. */
  readonly failure?: { readonly reason: TurnFailureReason; readonly error: string };
}

const FILE = 'worker.json';

/** Every worker of this manager, on disk and in memory. */
export class WorkerRecords {
  readonly #records = new Map<string, WorkerRecord>();

  private constructor(readonly workersDir: string) {}

  /** Reads what an earlier manager left. Folders without a readable record are removed: nothing ran in them yet. */
  static async open(workersDir: string): Promise<WorkerRecords> {
    await mkdir(workersDir, { recursive: true });
    const records = new WorkerRecords(workersDir);
    for (const entry of await readdir(workersDir, { withFileTypes: true })) {
      if (!entry.isDirectory() || !isWorkerId(entry.name)) continue;
      const text = await readFile(join(workersDir, entry.name, FILE), 'utf8').catch(() => undefined);
      if (text === undefined) await removeFolder(join(workersDir, entry.name));
      else records.#records.set(entry.name, JSON.parse(text) as WorkerRecord);
    }
    return records;
  }

  get(workerId: string): WorkerRecord | undefined {
    return this.#records.get(workerId);
  }

  all(): WorkerRecord[] {
    return [...this.#records.values()];
  }

  folder(workerId: string): string {
    if (!isWorkerId(workerId)) throw new TypeError(`${JSON.stringify(workerId)} is no worker id`);
    return join(this.workersDir, workerId);
  }

  /** Stores a record, whole or not at all. */
  async put(record: WorkerRecord): Promise<void> {
    const folder = this.folder(record.worker_id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, FILE);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
    this.#records.set(record.worker_id, record);
  }

  /** Removes a worker's folder with everything in it. */
  async remove(workerId: string): Promise<void> {
    await removeFolder(this.folder(workerId));
    this.#records.delete(workerId);
  }
}

/** Whether a text may be a worker's id, and so the name of its folder. */
export function isWorkerId(text: string): boolean {
  return /^w-[\w.-]{1,150}$/.test(text);
}

async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    // Caches of some tools are read-only, folders too.
    await execa('chmod', ['-R', 'u+rwX', path], { reject: false });
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}
