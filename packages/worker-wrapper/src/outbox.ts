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

/** A turn's result and its lifecycle event. */
export interface TurnRecord {
  readonly output: DeveloperWorkerOutput | POWorkerOutput;
  readonly lifecycle: WorkerLifecycleEvent;
}

const KEEP_ANSWERS_SECONDS = 86_400;
const MAX_ERROR = 2000;
/** Maximum bytes of a stream entry. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Stores results until they are published. States of a record: file in `outbox` → published → file in `answered`, which
 * answers a repeated input. worker-manager publishes the `outbox` of a dead worker.
 */
export class Outbox {
  constructor(
    readonly options: {
      readonly workerDir: string;
      readonly workerId: string;
      readonly workerType: 'developer' | 'po';
      readonly redis: Redis;
      readonly logger: Logger;
      /** Aborted when the worker stops, which ends all retries. */
      readonly signal: AbortSignal;
    },
  ) {}

  /** The record of a turn that has already run. The agent can write there too, so invalid files are ignored. */
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
        logger.warn({ error: String(error) }, 'cannot read a stored result');
      }
    }
    return undefined;
  }

  /** Writes a record to disk atomically. */
  async keep(requestId: string, record: TurnRecord): Promise<void> {
    const path = `outbox/${fileName(requestId)}`;
    await writeFileBelow(this.options.workerDir, path, JSON.stringify(record), { sync: true, replaces: 'anything' });
  }

  /**
   * Publishes a record, with retries until Redis has it. A record that can never be published is replaced by a failed
   * result with the reason. Throws when the worker stops, or if the failed result cannot be published either.
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
          logger.error({ error: String(error) }, 'cannot publish the result; a failed one replaces it');
          record = this.#failed(requestId, turn, error);
          await this.keep(requestId, record).catch(() => undefined);
          continue;
        }
        if (failures === 0) logger.warn({ error: String(error) }, 'cannot publish the result yet; retrying');
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
      this.options.logger.error({ error: String(error) }, 'cannot publish a lifecycle event; its result is published');
    });
  }

  #failed(requestId: string, { output }: TurnRecord, cause: unknown): TurnRecord {
    const { workerId, workerType } = this.options;
    const why = messageOf(cause);
    const error = `cannot publish the result of the turn: ${why}`.slice(0, MAX_ERROR);
    const about = 'worker_id' in output ? { task_id: output.task_id, epoch: output.epoch } : {};
    return {
      output:
        workerType === 'developer'
          ? developerWorkerOutput.parse({
              ...validIds(about),
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

/** The valid fields of a result that identify its attempt. */
function validIds({ task_id, epoch }: { task_id?: unknown; epoch?: unknown }) {
  return {
    ...(typeof task_id === 'string' && { task_id }),
    ...(Number.isInteger(epoch) && { epoch }),
  };
}

/** Whether the message itself is invalid, so that a retry cannot succeed. */
function isPermanent(error: unknown): boolean {
  if (error instanceof OrchestratorError) return error.code === 'VALIDATION_FAILED';
  return handlingKind(error) === 'permanent' || error instanceof TypeError || error instanceof RangeError;
}

/** Request ids come from outside and may be no valid file names. */
function fileName(requestId: string): string {
  return `${createHash('sha256').update(requestId).digest('hex').slice(0, 32)}.json`;
}
