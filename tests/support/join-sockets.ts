import type { Socket } from 'node:net';

/** Passes on what either socket says; when one ends, so does the other. */
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
