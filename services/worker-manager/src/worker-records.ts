import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TurnFailureReason, WorkerConfig } from '@codegen/contracts';
import { FileError, parseFile, readFileBelow, removeTree, writeFileBelow } from '@codegen/sdk/files';
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
/** A create command is smaller than its stream lets through. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Every worker of this manager, on disk and in memory. What the workers themselves have is the runtime's. */
export class WorkerRecords {
  readonly #records = new Map<string, WorkerRecord>();
  /** Workers whose record cannot be used, and why: their agents write beside it. */
  readonly unusable = new Map<string, string>();

  private constructor(readonly workersDir: string) {}

  /** Reads what an earlier manager left. */
  static async open(workersDir: string): Promise<WorkerRecords> {
    await mkdir(workersDir, { recursive: true });
    const records = new WorkerRecords(workersDir);
    for (const entry of await readdir(workersDir, { withFileTypes: true })) {
      if (!entry.isDirectory() || !isWorkerId(entry.name)) continue;
      try {
        const record = await readRecord(workersDir, entry.name);
        if (record) records.#records.set(entry.name, record);
      } catch (error) {
        if (!(error instanceof FileError) || error.problem === 'unavailable') throw error;
        records.unusable.set(entry.name, error.message);
      }
    }
    return records;
  }

  get(workerId: string): WorkerRecord | undefined {
    return this.#records.get(workerId);
  }

  all(): WorkerRecord[] {
    return [...this.#records.values()];
  }

  /** Stores a record, whole or not at all. */
  async put(record: WorkerRecord): Promise<void> {
    const folder = this.#folder(record.worker_id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileBelow(folder, FILE, JSON.stringify(record), { sync: true, replaces: 'anything' });
    this.#records.set(record.worker_id, record);
  }

  /** Removes what is kept of a worker; the last thing that happens to it. */
  async remove(workerId: string): Promise<void> {
    await removeTree(this.#folder(workerId));
    this.#records.delete(workerId);
    this.unusable.delete(workerId);
  }

  #folder(workerId: string): string {
    if (!isWorkerId(workerId)) throw new TypeError(`${JSON.stringify(workerId)} is no worker id`);
    return join(this.workersDir, workerId);
  }
}

/** Whether a text may be a worker's id, and so the name of its folder. */
export function isWorkerId(text: string): boolean {
  return /^w-[\w.-]{1,150}$/.test(text);
}

async function readRecord(workersDir: string, workerId: string): Promise<WorkerRecord | undefined> {
  const name = `${workerId}/${FILE}`;
  const bytes = await readFileBelow(workersDir, name, { mostBytes: MOST_BYTES });
  const record = bytes && parseFile(name, 'JSON', bytes.toString(), (text) => JSON.parse(text) as WorkerRecord | null);
  if (bytes && record?.worker_id !== workerId) throw new FileError('malformed', `${name} is not the worker's record`);
  return record ?? undefined;
}
