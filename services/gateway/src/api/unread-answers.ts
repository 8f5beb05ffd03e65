import type { FastifyInstance } from 'fastify';

/**
 * Closes a connection whose client does not read its answer within `withinMs`. The socket's own time-out does not
 * detect a client that sends a byte now and then and reads nothing. Streams (a file, events) have unknown length and
 * limits of their own.
 */
export function breakOffUnreadAnswers(fastify: FastifyInstance, withinMs: number): void {
  fastify.addHook('onSend', async (request, reply, payload) => {
    if (payload !== null && typeof payload === 'object' && 'pipe' in payload) return;
    const timer = setTimeout(() => request.raw.socket.destroy(), withinMs).unref();
    reply.raw.once('close', () => clearTimeout(timer));
  });
}
