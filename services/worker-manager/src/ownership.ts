import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkerCommand, workerCommand, workerGoneKey } from '@codegen/contracts';
import { folderFingerprint, thisProcess } from '@codegen/sdk/processes';
import { type Logger, type Redis, sayFailed } from '@codegen/sdk/queue';
import type { WorkerRecord } from './worker-records.js';

/** Hash: name of a manager → `Member`. */
const MANAGERS = 'worker:managers';
/** Since when that hash is there, in Redis' milliseconds: who is in none that is younger may only have to come back to it. */
const SINCE = 'worker:managers:since';
/** Hash: worker → `Owned`. */
const OWNERS = 'worker:owners';
/** Hash: worker that has said that it is there → request id of its turn, or nothing. */
const TURNS = 'worker:turns';
const TURNS_SECONDS = 7 * 86_400;
/** What managers of an earlier release look at: they tolerate no other one, and do not start beside these. */
const FORMER_MARK = 'worker:manager';
const SEVERAL = 'several-managers';

/** Milliseconds until a manager that does not renew its lease may be taken for gone. */
const LEASE_MS = 6000;
/** How often a lease is renewed while it lasts. */
const RENEWALS = 6;
const JOIN_MS = 300;
/** A lease that ends so much later than it did was renewed. */
const RENEWED_MS = 50;

/** A manager as all can see it. `until` is the end of its lease, in Redis' milliseconds. */
interface Member {
  readonly token: string;
  readonly place: string;
  readonly until: number;
  /** Its lease had ended, and another manager takes its workers: it may not come back but by a new start. */
  readonly fenced?: boolean;
}

/** A worker as all can see it. */
export interface Owned {
  readonly manager: string;
  readonly record: WorkerRecord;
}

const NOW = `local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * Takes the lease or renews it, and hands over the commands that others have passed on.
 * KEYS: managers, since, commands, former mark. ARGV: name, token, place, lease, '1' at the start, mark of this release.
 */
const RENEW = `${NOW}
local text = redis.call('HGET', KEYS[1], ARGV[1])
local member = text and cjson.decode(text)
if ARGV[5] == '1' then
  local mark = redis.call('GET', KEYS[4])
  if mark and mark ~= ARGV[6] then
    return {'held', now + redis.call('PTTL', KEYS[4])}
  end
  if member and member.token ~= ARGV[2] and member.place ~= ARGV[3] and member['until'] > now then
    return {'held', member['until']}
  end
elseif member and member.token ~= ARGV[2] then
  return {'fenced'}
elseif not member then
  local since = redis.call('GET', KEYS[2])
  if since and now - since > tonumber(ARGV[4]) then return {'fenced'} end
end
redis.call('SET', KEYS[2], now, 'NX')
redis.call('SET', KEYS[4], ARGV[6], 'PX', ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({token = ARGV[2], place = ARGV[3], ['until'] = now + ARGV[4]}))
return {member and 'renewed' or 'joined', unpack(redis.call('HVALS', KEYS[3]))}`;

/**
 * Makes a worker this manager's, or tells all how it is.
 * KEYS: managers, owners, what is known of it where it is gone. ARGV: worker, manager, token, entry.
 */
const CLAIM = `
local text = redis.call('HGET', KEYS[1], ARGV[2])
if text and cjson.decode(text).token ~= ARGV[3] then return 'other' end
local owned = redis.call('HGET', KEYS[2], ARGV[1])
if owned and cjson.decode(owned).manager ~= ARGV[2] then return 'other' end
if not owned and redis.call('EXISTS', KEYS[3]) == 1 then return 'gone' end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[4])
return 'own'`;

/** KEYS: owners, turns. ARGV: worker, manager. */
const RELEASE = `
local owned = redis.call('HGET', KEYS[1], ARGV[1])
if not owned or cjson.decode(owned).manager ~= ARGV[2] then return end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])`;

/** Bars a manager from coming back, unless it did meanwhile. KEYS: managers. ARGV: its name, its entry or nothing. */
const FENCE = `${NOW}
local text = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if text ~= ARGV[2] then return 0 end
if text ~= '' and cjson.decode(text)['until'] > now then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({token = '', place = '', ['until'] = now, fenced = true}))
return 1`;

/** Gives a fenced manager's worker to another. KEYS: managers, owners. ARGV: worker, from, to, token of that, entry. */
const ADOPT = `
local from = redis.call('HGET', KEYS[1], ARGV[2])
if not from or not cjson.decode(from).fenced then return 0 end
local to = redis.call('HGET', KEYS[1], ARGV[3])
if not to or cjson.decode(to).token ~= ARGV[4] then return 0 end
local owned = redis.call('HGET', KEYS[2], ARGV[1])
if not owned or cjson.decode(owned).manager ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[5])
return 1`;

/** Leaves a command to a manager that is not barred. KEYS: managers, its commands. ARGV: its name, request id, command. */
const PASS_ON = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text or cjson.decode(text).fenced then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
return 1`;

/** Forgets a fenced manager of which nothing is left. KEYS: managers, its commands. ARGV: its name. */
const FORGET = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text and cjson.decode(text).fenced and redis.call('EXISTS', KEYS[2]) == 0 then redis.call('HDEL', KEYS[1], ARGV[1]) end`;

/** Another manager of this name is there, or this one was taken for gone: it may do nothing more. */
export class NotOwnerError extends Error {
  override readonly name = 'NotOwnerError';
}

/** What becomes of a claim: the worker is this manager's, is another one's, or is gone for good. */
export type Claimed = 'own' | 'other' | 'gone';

export interface OwnershipOptions {
  readonly redis: Redis;
  /** What this manager is called; the same after a restart. */
  readonly name: string;
  /** Names one process among those that ever had the name. */
  readonly token: string;
  /** Where it works: who has the same place was before this one and is gone. */
  readonly place: string;
  readonly leaseMs?: number | undefined;
  readonly logger: Logger;
  readonly records: () => readonly WorkerRecord[];
  /** Called with a command that another manager has passed on; it is called again until this resolves. */
  readonly onCommand: (command: WorkerCommand) => Promise<void>;
  /** Called with a worker that is recorded here and is not this manager's. */
  readonly onNotOwn: (workerId: string) => void;
}

/**
 * Who looks after which worker, in Redis, where every manager sees it. A manager holds a lease in Redis' time. States:
 * joining → member (renews) → fenced: its lease had ended and another manager has taken its workers. A fenced one ends its
 * own workers and stops; a new start joins again.
 */
export class Ownership {
  readonly name: string;
  readonly leaseMs: number;
  /** What all know of each worker of this manager, to tell what has changed. */
  readonly #told = new Map<string, string>();
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();
  /** Aborted when this manager stops: nobody is waited for any more. */
  readonly stopping: AbortSignal = this.#stopping.signal;
  #renewing: Promise<void> | undefined;
  #steadySince: number | undefined;
  #fence: (error: NotOwnerError) => void = () => undefined;
  /** Rejects when this manager was fenced; never resolves. */
  readonly fenced = new Promise<never>((_, reject) => {
    this.#fence = reject;
  });

  constructor(readonly options: OwnershipOptions) {
    this.name = options.name;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
    this.fenced.catch(() => undefined);
  }

  /**
   * Takes the lease, and tells of every worker that is recorded. Waits while Redis is away, and for the lease of one that
   * was killed elsewhere.
   * @throws {NotOwnerError} where another process renews the lease of this name
   */
  async join(): Promise<void> {
    const { logger } = this.options;
    let away = false;
    for (let before = Number.POSITIVE_INFINITY; ; await sleep(JOIN_MS)) {
      try {
        const [what, until] = await this.#lease(true);
        if (what !== 'held') break;
        if (Number(until) > before + RENEWED_MS) throw new NotOwnerError(this.#heldText());
        before = Math.min(before, Number(until));
      } catch (error) {
        if (error instanceof NotOwnerError) throw error;
        if (!away) sayFailed(logger, error, 'which other worker-managers run is not known yet');
        away = true;
      }
    }
    await this.tell().catch(() => undefined);
    this.#renewing = this.#renew();
  }

  /** Makes a worker this manager's, as it is recorded, where it is nobody else's. */
  async claim(record: WorkerRecord): Promise<Claimed> {
    const { redis, token } = this.options;
    const { worker_id } = record;
    const entry = JSON.stringify({ manager: this.name, record } satisfies Owned);
    const keys = [MANAGERS, OWNERS, workerGoneKey(worker_id)];
    const claimed = (await redis.eval(CLAIM, 3, ...keys, worker_id, this.name, token, entry)) as Claimed;
    if (claimed === 'own') this.#told.set(worker_id, entry);
    else this.#told.delete(worker_id);
    return claimed;
  }

  /** Tells all of what has changed with this manager's workers. */
  async tell(): Promise<void> {
    await Promise.all(
      this.options.records().map(async (record) => {
        const entry = JSON.stringify({ manager: this.name, record } satisfies Owned);
        if (this.#told.get(record.worker_id) === entry) return;
        if ((await this.claim(record)) !== 'own') this.options.onNotOwn(record.worker_id);
      }),
    );
  }

  /** Redis may know less than it did: every worker is told of again, and one that nobody has told of may still be somebody's. */
  doubt(): void {
    this.#told.clear();
    this.#steadySince = undefined;
  }

  /** Tells all that a worker is no more. */
  async release(workerId: string): Promise<void> {
    this.#told.delete(workerId);
    await this.options.redis.eval(RELEASE, 2, OWNERS, TURNS, workerId, this.name);
  }

  /** Who has a worker; undefined where it is known that nobody has: every manager had the time to tell of its workers. */
  async find(workerId: string): Promise<Owned | undefined> {
    for (;;) {
      const isComplete = await this.#isComplete();
      const found = await this.lookUp(workerId);
      if (found || isComplete) return found;
      await sleep(JOIN_MS, undefined, { signal: this.stopping });
    }
  }

  /** Who has a worker, as far as that was told. */
  async lookUp(workerId: string): Promise<Owned | undefined> {
    const text = await this.options.redis.hget(OWNERS, workerId);
    return text === null ? undefined : parsed<Owned>(text);
  }

  /** Every worker of every manager. */
  async all(): Promise<Owned[]> {
    return Object.values(await this.options.redis.hgetall(OWNERS)).flatMap((text) => parsed<Owned>(text) ?? []);
  }

  /** The request of the turn that each worker is in; '' where it waits for one. Workers that have said nothing are left out. */
  async turns(): Promise<Map<string, string>> {
    return new Map(Object.entries(await this.options.redis.hgetall(TURNS)));
  }

  /** Notes what a worker says of itself. */
  async noteTurn(workerId: string, requestId: string): Promise<void> {
    await this.options.redis.multi().hset(TURNS, workerId, requestId).expire(TURNS, TURNS_SECONDS).exec();
  }

  /** Leaves a command to another manager, which answers it. False where that one is barred: its workers get another owner. */
  async passOn(manager: string, command: WorkerCommand): Promise<boolean> {
    const keys = [MANAGERS, commandsOf(manager)];
    const text = JSON.stringify(command);
    return (await this.options.redis.eval(PASS_ON, 2, ...keys, manager, command.request_id, text)) === 1;
  }

  /** Managers whose lease has ended, with what is known of each; `isFenced`: none of them can come back. */
  async ended(): Promise<{ manager: string; entry: string; isFenced: boolean }[]> {
    const { redis } = this.options;
    const [time, members, owned] = await Promise.all([redis.time(), redis.hgetall(MANAGERS), this.all()]);
    const now = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000);
    const names = new Set([...Object.keys(members), ...owned.map(({ manager }) => manager)]);
    names.delete(this.name);
    return [...names].flatMap((manager) => {
      const entry = members[manager] ?? '';
      const member = parsed<Member>(entry);
      if (member && member.until > now) return [];
      return [{ manager, entry, isFenced: member?.fenced ?? false }];
    });
  }

  /** Bars a manager whose lease has ended from coming back. False where it has renewed it meanwhile. */
  async fenceOff(manager: string, entry: string): Promise<boolean> {
    return (await this.options.redis.eval(FENCE, 1, MANAGERS, manager, entry)) === 1;
  }

  /** Takes a worker of a manager that is barred. False where another one has. */
  async adopt(from: string, record: WorkerRecord): Promise<boolean> {
    const { redis, token } = this.options;
    const entry = JSON.stringify({ manager: this.name, record } satisfies Owned);
    const args = [record.worker_id, from, this.name, token, entry];
    const adopted = (await redis.eval(ADOPT, 2, MANAGERS, OWNERS, ...args)) === 1;
    if (adopted) this.#told.set(record.worker_id, entry);
    return adopted;
  }

  /** The commands that were left to a manager. */
  async leftTo(manager: string): Promise<WorkerCommand[]> {
    return (await this.options.redis.hvals(commandsOf(manager))).flatMap((text) => commandIn(text) ?? []);
  }

  async removeLeft(manager: string, requestId: string): Promise<void> {
    await this.options.redis.hdel(commandsOf(manager), requestId);
  }

  /** Forgets a barred manager that has nothing any more. */
  async forget(manager: string): Promise<void> {
    await this.options.redis.eval(FORGET, 2, MANAGERS, commandsOf(manager), manager);
  }

  /** Renews no more. The lease ends by itself: a start in time goes on with the workers that waited. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#renewing;
    await Promise.allSettled(this.#inHand.values());
  }

  async #renew(): Promise<void> {
    const signal = this.stopping;
    for (;;) {
      await sleep(this.leaseMs / RENEWALS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        const [what, ...commands] = await this.#lease(false);
        if (what === 'fenced') {
          const text = `worker-manager ${this.name} did not renew its lease for ${this.leaseMs} ms: another one has taken its workers; it ends its own and must be started anew`;
          return this.#fence(new NotOwnerError(text));
        }
        if (what === 'joined') this.#told.clear();
        for (const text of commands) this.#take(String(text));
        await this.tell();
      } catch {
        // What is away is told of by those that work with it.
        this.doubt();
      }
    }
  }

  /** Serves a command that was passed on, one at a time for a request; it stays in Redis until that was done. */
  #take(text: string): void {
    const command = commandIn(text);
    if (!command || this.#inHand.has(command.request_id)) return;
    const { request_id } = command;
    const serving = this.options
      .onCommand(command)
      .then(() => this.removeLeft(this.name, request_id))
      .catch((error: unknown) => sayFailed(this.options.logger, error, 'a command is not served yet', { request_id }))
      .finally(() => this.#inHand.delete(request_id));
    this.#inHand.set(request_id, serving);
  }

  async #lease(isStart: boolean): Promise<[string, ...unknown[]]> {
    const { redis, token, place } = this.options;
    const keys = [MANAGERS, SINCE, commandsOf(this.name), FORMER_MARK];
    const args = [this.name, token, place, this.leaseMs, isStart ? 1 : 0, SEVERAL];
    const answer = (await redis.eval(RENEW, keys.length, ...keys, ...args)) as [string, ...unknown[]];
    this.#steadySince ??= performance.now();
    return answer;
  }

  /** Whether a worker that no manager has told of is none's. */
  async #isComplete(): Promise<boolean> {
    const { redis } = this.options;
    if (this.#steadySince === undefined || performance.now() - this.#steadySince < this.leaseMs) return false;
    const [time, since] = await Promise.all([redis.time(), redis.get(SINCE)]);
    return since !== null && Number(time[0]) * 1000 - Number(since) > this.leaseMs;
  }

  #heldText(): string {
    return `another worker-manager is called ${this.name}, or one of an earlier release serves this Redis: give this one an INSTANCE of its own, or stop that one first`;
  }
}

/** Names a folder and where its lock counts: who has both after another one knows that one to be gone. */
export async function placeOf(folder: string): Promise<string> {
  const processes = process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : `process ${process.pid}`;
  return `${thisProcess().bootId}/${processes}/${await folderFingerprint(folder)}`.replaceAll(' ', '-');
}

/** What the manager of a folder is called, at every start, unless its operator says otherwise. */
export async function nameOf(folder: string): Promise<string> {
  return `worker-manager-${hostname().replace(/[^\w.-]/g, '-')}-${await folderFingerprint(folder)}`;
}

function commandsOf(manager: string): string {
  return `worker:manager:${manager}:commands`;
}

function commandIn(text: string): WorkerCommand | undefined {
  return workerCommand.safeParse(parsed(text)).data;
}

function parsed<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}
