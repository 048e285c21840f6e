import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Requests of one connection that wait for their answers: clients send the next when the last is answered, as a rule. */
const MOST_UNANSWERED = 16;

/**
 * Bounds what connections cost. Where more are open than may be, the one goes that has asked for nothing for longest, and
 * that of a client which asks stays. Must be registered before all else.
 */
export function limitConnections(app: FastifyInstance, most: number): void {
  /** Requests without an answer, of each open connection. */
  const unanswered = new Map<Socket, number>();
  /** Those that wait for nothing, for the longest time first. */
  const idle = new Set<Socket>();
  const forget = (socket: Socket) => {
    unanswered.delete(socket);
    idle.delete(socket);
  };
  app.server.on('connection', (socket) => {
    unanswered.set(socket, 0);
    idle.add(socket);
    socket.once('close', () => forget(socket));
    if (unanswered.size <= most) return;
    const [longest] = idle;
    if (!longest) return;
    forget(longest);
    longest.destroy();
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const count = (unanswered.get(socket) ?? 0) + 1;
    if (count > MOST_UNANSWERED) socket.destroy();
    // What it had sent before is read from it still.
    if (socket.destroyed) return void reply.hijack();
    unanswered.set(socket, count);
    idle.delete(socket);
    reply.raw.once('close', () => {
      const left = (unanswered.get(socket) ?? 0) - 1;
      if (left < 0 || socket.destroyed) return;
      unanswered.set(socket, left);
      if (left === 0) idle.add(socket);
    });
    done();
  });
}
