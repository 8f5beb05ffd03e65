import type { FastifyInstance } from 'fastify';

/**
 * Breaks a connection off whose client does not read its answer within `withinMs`. The socket's own time-out does not
 * see a client that sends a byte now and then and reads nothing. Streams (a file, events) are of unknown length and
 * have bounds of their own.
 */
export function breakOffUnreadAnswers(fastify: FastifyInstance, withinMs: number): void {
  fastify.addHook('onSend', async (request, reply, payload) => {
    if (payload !== null && typeof payload === 'object' && 'pipe' in payload) return;
    const timer = setTimeout(() => request.raw.socket.destroy(), withinMs).unref();
    reply.raw.once('close', () => clearTimeout(timer));
  });
}
