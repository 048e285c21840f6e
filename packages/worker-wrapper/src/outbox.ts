import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DeveloperWorkerOutput,
  developerOutput,
  type POWorkerOutput,
  poOutput,
  type WorkerLifecycleEvent,
  workerLifecycle,
  workerResultKey,
} from '@codegen/contracts';
import { answerOnce } from '@codegen/sdk/consumer';
import { type Logger, publish, type Redis } from '@codegen/sdk/queue';

/** A turn's result with the lifecycle event that goes with it. */
export interface TurnRecord {
  readonly output: DeveloperWorkerOutput | POWorkerOutput;
  readonly lifecycle: WorkerLifecycleEvent;
}

const KEEP_ANSWERS_SECONDS = 86_400;

/**
 * Keeps results until Redis has them. States of a record: file in `outbox` → published → file in `answered`, from where
 * a repeated input is answered again. worker-manager delivers what a dead worker left in `outbox`.
 */
export class Outbox {
  readonly #folder: string;
  readonly #answered: string;

  constructor(
    readonly options: {
      readonly workerDir: string;
      readonly workerId: string;
      readonly workerType: 'developer' | 'po';
      readonly redis: Redis;
      readonly logger: Logger;
      /** Aborted when the worker ends: deliveries stop trying. */
      readonly signal: AbortSignal;
    },
  ) {
    this.#folder = join(options.workerDir, 'outbox');
    this.#answered = join(options.workerDir, 'answered');
  }

  /** The record of a turn that has run already. */
  async find(requestId: string): Promise<TurnRecord | undefined> {
    for (const folder of [this.#folder, this.#answered]) {
      const text = await readFile(join(folder, fileName(requestId)), 'utf8').catch(() => undefined);
      if (text !== undefined) return JSON.parse(text) as TurnRecord;
    }
    return undefined;
  }

  /** Writes a record to disk, whole or not at all. */
  async keep(requestId: string, record: TurnRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, fileName(requestId));
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(record));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  /** Publishes a record and tries until Redis has it; throws only when the worker ends. */
  async deliver(requestId: string, record: TurnRecord): Promise<void> {
    const { signal, logger } = this.options;
    for (let failures = 0; ; failures += 1) {
      signal.throwIfAborted();
      try {
        await this.#publish(requestId, record);
        break;
      } catch (error) {
        if (failures === 0) logger.warn({ error: String(error) }, 'the result cannot be delivered yet, it is kept');
        await sleep(Math.min(2000, 100 * 2 ** failures), undefined, { signal });
      }
    }
    await mkdir(this.#answered, { recursive: true });
    const name = fileName(requestId);
    await rename(join(this.#folder, name), join(this.#answered, name)).catch(() => undefined);
  }

  async #publish(requestId: string, { output, lifecycle }: TurnRecord): Promise<void> {
    const { redis, workerId, workerType } = this.options;
    const record = { redis, key: workerResultKey(workerId, requestId), ttlSeconds: KEEP_ANSWERS_SECONDS };
    if (workerType === 'developer') {
      await answerOnce({ ...record, contract: developerOutput, message: output as DeveloperWorkerOutput });
    } else {
      const params = { worker_id: workerId };
      await answerOnce({ ...record, contract: poOutput, params, message: output as POWorkerOutput });
    }
    await publish(redis, workerLifecycle, lifecycle);
  }
}

/** Request ids come from outside, so they are no file names. */
function fileName(requestId: string): string {
  return `${createHash('sha256').update(requestId).digest('hex').slice(0, 32)}.json`;
}
