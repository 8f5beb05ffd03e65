import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PROBLEM_MEDIA_TYPE } from '@subledger/contracts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { ProblemError, problemBody } from './problem.js';

export interface FastifyOptions {
  readonly bodyLimitBytes: number;
  readonly publicUrl: string;
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
}

/** Fastify with every wait and every size bounded. */
export function createFastify({ bodyLimitBytes, publicUrl, trustedProxies }: FastifyOptions): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    requestTimeout: 15_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 0,
    maxRequestsPerSocket: 0,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    logger: false,
    genReqId: () => `req_${uuidv7()}`,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: { maxHeaderSize: 16_384, headersTimeout: 10_000 },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, publicUrl),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const problem = new ProblemError(error.statusCode === 404 ? 'not-found' : 'malformed-request');
      const body = problemBody(problem.code, {}, publicUrl, request.id);
      reply.status(body.status).type(PROBLEM_MEDIA_TYPE).send(body);
    },
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  acceptJsonOnly(fastify);
  fastify.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  });
  return adapter;
}

/** JSON in UTF-8 and nothing else; other content types answer 415. */
function acceptJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Clients that always send the content type also do so where there is no body.
    if (body.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch {
      return done(new ProblemError('malformed-request'));
    }
    return parse(request, text, done);
  });
}

/** What the HTTP parser refuses never becomes a request, so the answer is written to the socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket, publicUrl: string): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({ ...problemBody('malformed-request', {}, publicUrl), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_MEDIA_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
