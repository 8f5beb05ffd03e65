import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with a file. HEAD opens none. If the stream fails, Fastify closes the connection, because a truncated file
 * must not look complete.
 * @throws the error of `open`, before anything is sent
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
