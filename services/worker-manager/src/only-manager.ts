import { readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderFingerprint, thisProcess } from '@codegen/sdk/processes';
import { type Logger, type Redis, sayFailed } from '@codegen/sdk/queue';

const MARK = 'worker:manager';
/** Milliseconds until a manager that was killed counts as gone. */
const LEASE_MS = 6000;
const RENEW_MS = 1000;
const LOOK_MS = 300;

/**
 * Takes the mark, or renews it: where nobody has it, where it is this manager's, and at the start also that of an earlier
 * one in the same place. Answers with the mark of another one and with how long that lasts.
 */
const TAKE = `
local mark = redis.call('get', KEYS[1])
if mark == ARGV[1] then
  redis.call('pexpire', KEYS[1], ARGV[2])
  return false
end
if not mark or (ARGV[3] ~= '' and string.sub(mark, -string.len(ARGV[3])) == ARGV[3]) then
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
  return false
end
return {mark, redis.call('pttl', KEYS[1])}`;

const GIVE_UP = `
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

export interface OnlyManager {
  /** Rejects when another manager has taken over, say while this one did not reach Redis; never resolves. */
  readonly replaced: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Makes this the only worker-manager of a Redis: two would take each other's commands, and each knows its own workers alone.
 * The one who is there says so by a mark that expires. Waits while Redis is away, and for the mark of one that was killed,
 * unless that one had the same folder: who holds the lock of that is alone there.
 * @throws where another one renews its mark
 */
export async function becomeOnlyManager(options: {
  redis: Redis;
  workersDir: string;
  instance: string;
  logger: Logger;
}): Promise<OnlyManager> {
  const { redis, instance, logger } = options;
  const place = await placeOf(options.workersDir);
  const mark = `${instance} ${place}`;
  const take = async (earlier: string): Promise<{ holder: string; ttlMs: number } | undefined> => {
    const other = (await redis.eval(TAKE, 1, MARK, mark, LEASE_MS, earlier)) as [string, number] | null;
    return other ? { holder: other[0].split(' ')[0] as string, ttlMs: other[1] } : undefined;
  };

  let away = false;
  for (let before = Number.POSITIVE_INFINITY; ; await sleep(LOOK_MS)) {
    try {
      const other = await take(` ${place}`);
      if (!other) break;
      if (other.ttlMs > before || other.ttlMs < 0) throw new AnotherManager(other.holder);
      before = other.ttlMs;
    } catch (error) {
      if (error instanceof AnotherManager) throw error;
      if (!away) sayFailed(logger, error, 'whether another worker-manager runs is not known yet');
      away = true;
    }
  }

  const stopping = new AbortController();
  const renewing = (async (): Promise<AnotherManager | undefined> => {
    for (;;) {
      await sleep(RENEW_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return undefined;
      // What is away is told of by those that work with it.
      const other = await take('').catch(() => undefined);
      if (other) return new AnotherManager(other.holder);
    }
  })();
  const replaced = renewing.then((error) => {
    if (error) throw error;
    return new Promise<never>(() => undefined);
  });
  replaced.catch(() => undefined);
  return {
    replaced,
    stop: async () => {
      stopping.abort();
      // A renewal on its way comes before this on the same connection. With Redis away, the mark ends by itself.
      if (redis.status === 'ready') await redis.eval(GIVE_UP, 1, MARK, mark).catch(() => undefined);
    },
  };
}

class AnotherManager extends Error {
  constructor(holder: string) {
    super(
      `worker-manager ${holder} serves this Redis already: two of them would lose each other's workers; stop that one first, or give this one a Redis of its own`,
    );
  }
}

/** Names a folder and where its lock counts: among the processes of one boot that share a network. */
async function placeOf(folder: string): Promise<string> {
  const network = process.platform === 'linux' ? readlinkSync('/proc/self/ns/net') : `process ${process.pid}`;
  return `${thisProcess().bootId}/${network}/${await folderFingerprint(folder)}`.replaceAll(' ', '-');
}
