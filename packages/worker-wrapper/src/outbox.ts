import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DeveloperWorkerOutput,
  developerOutput,
  developerWorkerOutput,
  isResultOf,
  type POWorkerOutput,
  poOutput,
  poWorkerOutput,
  type WorkerLifecycleEvent,
  workerLifecycle,
  workerLifecycleEvent,
  workerResultKey,
} from '@codegen/contracts';
import { answerOnce } from '@codegen/sdk/consumer';
import { handlingKind, OrchestratorError } from '@codegen/sdk/errors';
import { FileError, moveBelow, parseFile, readFileBelow, writeFileBelow } from '@codegen/sdk/files';
import { backoffMs, type Logger, publish, type Redis } from '@codegen/sdk/queue';
import { messageOf } from '@codegen/sdk/text';

/** A turn's result with the lifecycle event that goes with it. */
export interface TurnRecord {
  readonly output: DeveloperWorkerOutput | POWorkerOutput;
  readonly lifecycle: WorkerLifecycleEvent;
}

const KEEP_ANSWERS_SECONDS = 86_400;
const MAX_ERROR = 2000;
/** No stream takes a longer entry. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Keeps results until Redis has them. States of a record: file in `outbox` → published → file in `answered`, from where
 * a repeated input is answered again. worker-manager delivers what a dead worker left in `outbox`.
 */
export class Outbox {
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
  ) {}

  /** The record of a turn that has run already. The agent can write there too: what cannot be read is not there. */
  async find(requestId: string): Promise<TurnRecord | undefined> {
    const { workerDir, workerId, logger } = this.options;
    for (const folder of ['outbox', 'answered']) {
      const path = `${folder}/${fileName(requestId)}`;
      try {
        const bytes = await readFileBelow(workerDir, path, { mostBytes: MOST_BYTES });
        if (!bytes) continue;
        const record = parseFile(path, 'JSON', bytes.toString(), JSON.parse) as TurnRecord;
        if (isResultOf(record, { worker_id: workerId, request_id: requestId })) return record;
        throw new FileError('malformed', `${path} is not the result of this turn`);
      } catch (error) {
        logger.warn({ error: String(error) }, 'a result that was kept cannot be read');
      }
    }
    return undefined;
  }

  /** Writes a record to disk, whole or not at all. */
  async keep(requestId: string, record: TurnRecord): Promise<void> {
    const path = `outbox/${fileName(requestId)}`;
    await writeFileBelow(this.options.workerDir, path, JSON.stringify(record), { sync: true, replaces: 'anything' });
  }

  /**
   * Publishes a record and tries until Redis has it. One that can never be published is replaced by a failed result
   * that says why. Throws when the worker ends, or where not even that can be published.
   */
  async deliver(requestId: string, turn: TurnRecord): Promise<void> {
    const { signal, logger } = this.options;
    let record = turn;
    for (let failures = 0; ; failures += 1) {
      signal.throwIfAborted();
      try {
        await this.#publish(requestId, record);
        break;
      } catch (error) {
        if (isPermanent(error)) {
          if (record !== turn) throw error;
          logger.error({ error: String(error) }, 'the result cannot be published, a failed one takes its place');
          record = this.#failed(requestId, turn, error);
          await this.keep(requestId, record).catch(() => undefined);
          continue;
        }
        if (failures === 0) logger.warn({ error: String(error) }, 'the result cannot be delivered yet, it is kept');
        await sleep(backoffMs(failures, { firstMs: 100 }), undefined, { signal });
      }
    }
    const name = fileName(requestId);
    await moveBelow(this.options.workerDir, `outbox/${name}`, `answered/${name}`).catch(() => undefined);
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
    await publish(redis, workerLifecycle, lifecycle).catch((error: unknown) => {
      if (!isPermanent(error)) throw error;
      this.options.logger.error({ error: String(error) }, 'a lifecycle event cannot be published, the result is');
    });
  }

  #failed(requestId: string, { output }: TurnRecord, cause: unknown): TurnRecord {
    const { workerId, workerType } = this.options;
    const why = messageOf(cause);
    const error = `the result of the turn cannot be published: ${why}`.slice(0, MAX_ERROR);
    const about = 'worker_id' in output ? { task_id: output.task_id, epoch: output.epoch } : {};
    return {
      output:
        workerType === 'developer'
          ? developerWorkerOutput.parse({
              ...fitting(about),
              request_id: requestId,
              worker_id: workerId,
              status: 'failed',
              reason: 'agent_failed',
              error,
            })
          : poWorkerOutput.parse({
              request_id: requestId,
              user_id: 'user_id' in output && Number.isInteger(output.user_id) ? output.user_id : 0,
              text: `Failed: ${error}`,
            }),
      lifecycle: workerLifecycleEvent.parse({ worker_id: workerId, request_id: requestId, event: 'failed', error }),
    };
  }
}

/** What of a result says which attempt it is of, where that is as it must be. */
function fitting({ task_id, epoch }: { task_id?: unknown; epoch?: unknown }) {
  return {
    ...(typeof task_id === 'string' && { task_id }),
    ...(Number.isInteger(epoch) && { epoch }),
  };
}

/** Whether the message itself is the reason: another try ends in the same way. */
function isPermanent(error: unknown): boolean {
  if (error instanceof OrchestratorError) return error.code === 'VALIDATION_FAILED';
  return handlingKind(error) === 'permanent' || error instanceof TypeError || error instanceof RangeError;
}

/** Request ids come from outside, so they are no file names. */
function fileName(requestId: string): string {
  return `${createHash('sha256').update(requestId).digest('hex').slice(0, 32)}.json`;
}
