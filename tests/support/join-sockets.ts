import type { Socket } from 'node:net';

/** Pipes two sockets into each other; when one closes, the other one is destroyed. */
export function joinSockets(one: Socket, two: Socket): void {
  const ways = [
    [one, two],
    [two, one],
  ] as const;
  for (const [from, to] of ways) {
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    from.pipe(to);
  }
}
