import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with a file; HEAD opens none. Fastify breaks the connection off where the stream fails: a file cut short must
 * not look complete.
 * @throws whatever `open` throws; nothing was sent then
 */
export async function sendCsv(
  request: FastifyRequest,
  reply: FastifyReply,
  fileName: string,
  open: () => Promise<Readable>,
): Promise<void> {
  const file = request.method === 'HEAD' ? '' : await open();
  reply
    .status(200)
    .headers({
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${fileName}"`,
      'cache-control': 'no-store',
    })
    .send(file);
}
