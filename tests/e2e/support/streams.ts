import { Redis } from 'ioredis';

/** Watches every XADD that a Redis server executes, scripts' included. */
export async function watchStreams(
  url: string,
): Promise<{ entries: { stream: string; data: string }[]; streams(): Set<string>; stop(): void }> {
  const redis = new Redis(url);
  const monitor = await redis.monitor();
  // The server may be killed under test.
  for (const client of [redis, monitor]) client.on('error', () => undefined);
  const entries: { stream: string; data: string }[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => {
    if (args[0]?.toLowerCase() === 'xadd') entries.push({ stream: args[1] as string, data: args.slice(2).join(' ') });
  });
  return {
    entries,
    streams: () => new Set(entries.map((entry) => entry.stream)),
    stop: () => {
      monitor.disconnect();
      redis.disconnect();
    },
  };
}
