import { workerGoneKey as keyOf, type TurnFailureReason, type WorkerType } from '@codegen/contracts';
import { type Redis, unlessWrongType } from '@codegen/sdk/queue';

/** A worker that is no more, or never came to be: its inputs are answered with this. */
export interface GoneWorker {
  readonly worker_id: string;
  /** Null where nobody knows. */
  readonly worker_type: WorkerType | null;
  readonly context: Readonly<Record<string, string>>;
  readonly reason: TurnFailureReason;
  readonly error: string;
  /** Where the machine was at fault. */
  readonly system_fault?: string | undefined;
  readonly gone_at: number;
}

const KEPT_SECONDS = 86_400;
const SCHEDULE = 'worker:gone';
/** Inputs may arrive a little after the command they went out with, and much later only when somebody sends them again. */
const FRESH_MS = 60_000;
const FRESH_EVERY_MS = 1000;
const LATER_EVERY_MS = 60_000;

/**
 * Remembers for a day who is gone, so that a repeated create starts nothing and a late input is answered. A schedule
 * says when to look for late inputs: every second at first, then every minute.
 */
export class GoneWorkers {
  constructor(readonly redis: Redis) {}

  async add(gone: GoneWorker): Promise<void> {
    await this.redis.set(keyOf(gone.worker_id), JSON.stringify(gone), 'EX', KEPT_SECONDS, 'NX');
    await this.redis.zadd(SCHEDULE, Date.now() + FRESH_EVERY_MS, gone.worker_id);
  }

  /** Looks for inputs in a second, rather than in a minute: the work was sent again. */
  async expectInputs(workerId: string): Promise<void> {
    await this.redis.zadd(SCHEDULE, 'XX', Date.now() + FRESH_EVERY_MS, workerId);
  }

  /** Who is gone under that id; undefined where nobody is known to be, or what was kept cannot be read. */
  async find(workerId: string): Promise<GoneWorker | undefined> {
    const text = await this.redis.get(keyOf(workerId)).catch(unlessWrongType(null));
    return text === null ? undefined : parseGone(text);
  }

  /** Those whose input streams are to be looked at now; the next look is scheduled. */
  async due(): Promise<GoneWorker[]> {
    const now = Date.now();
    const ids = await this.redis.zrangebyscore(SCHEDULE, '-inf', now, 'LIMIT', 0, 500);
    const found: GoneWorker[] = [];
    for (const id of ids) {
      const gone = await this.find(id);
      if (!gone) {
        await this.redis.zrem(SCHEDULE, id);
        continue;
      }
      const everyMs = now - gone.gone_at < FRESH_MS ? FRESH_EVERY_MS : LATER_EVERY_MS;
      await this.redis.zadd(SCHEDULE, now + everyMs, id);
      found.push(gone);
    }
    return found;
  }
}

function parseGone(text: string): GoneWorker | undefined {
  try {
    return JSON.parse(text) as GoneWorker;
  } catch {
    return undefined;
  }
}
