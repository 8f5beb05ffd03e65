import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { assertUniqueKeys, PROBLEM_MEDIA_TYPE } from '@subledger/contracts';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { ProblemError, problemBody } from '../request/problem.js';
import { addSecurityHeaders, securityHeaders } from './security-headers.js';
import { breakOffUnreadAnswers } from './unread-answers.js';
import { closeUnusedConnections } from './unused-connections.js';

export interface FastifyOptions {
  readonly bodyLimitBytes: number;
  readonly publicUrl: string;
  /** Addresses or networks of proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly string[];
  readonly timeouts: ClientTimeouts;
}

/** Time-outs for clients, in milliseconds. */
interface ClientTimeouts {
  /** Until all headers have arrived. */
  readonly headersMs: number;
  /** Until the whole request has arrived. */
  readonly requestMs: number;
  /** Without a byte in either direction during a request, or until an answer has been read. */
  readonly stalledMs: number;
}

const MAX_HEADER_BYTES = 16_384;
const MAX_URL_LENGTH = 4_096;
const MAX_QUERY_PARAMETERS = 50;
/** How often Node checks for late requests. Its default of 30 s would exceed the time-outs. */
const CHECK_EVERY_MS = 1_000;

/** Fastify with a limit for every wait and every size (OWASP API Security, API4:2023). */
export function createFastify(options: FastifyOptions): FastifyAdapter {
  const { bodyLimitBytes, publicUrl, trustedProxies, timeouts } = options;
  const adapter = new FastifyAdapter({
    bodyLimit: bodyLimitBytes,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: 72_000,
    connectionTimeout: timeouts.stalledMs,
    maxRequestsPerSocket: 0,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    logger: false,
    genReqId: () => `req_${uuidv7()}`,
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      // Node refuses a value above that of the whole request.
      headersTimeout: Math.min(timeouts.headersMs, timeouts.requestMs),
      connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, timeouts.headersMs),
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, publicUrl),
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const problem = new ProblemError(error.statusCode === 404 ? 'not-found' : 'malformed-request');
      const body = problemBody(problem.code, {}, publicUrl, request.id);
      // Hooks do not run for a request that matched no route.
      reply.status(body.status).headers({ 'cache-control': 'no-store', ...securityHeaders(publicUrl) });
      reply.type(PROBLEM_MEDIA_TYPE).send(body);
    },
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  acceptJsonOnly(fastify);
  boundAddresses(fastify);
  addSecurityHeaders(fastify, publicUrl);
  breakOffUnreadAnswers(fastify, timeouts.stalledMs);
  closeUnusedConnections(fastify);
  return adapter;
}

/** No route has more than a dozen parameters, or needs a long address. */
function boundAddresses(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async ({ originalUrl }) => {
    const at = originalUrl.indexOf('?');
    const parameters = at < 0 ? 0 : originalUrl.slice(at).split('&', MAX_QUERY_PARAMETERS + 1).length;
    if (originalUrl.length > MAX_URL_LENGTH || parameters > MAX_QUERY_PARAMETERS)
      throw new ProblemError('malformed-request');
  });
}

/** Accepts only JSON in UTF-8. Other content types are answered with 415. */
function acceptJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    // Some clients always send the content type, even without a body.
    if (body.length === 0) return done(null, undefined);
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch {
      return done(new ProblemError('malformed-request'));
    }
    return parse(request, text, (error, json) => done(error ?? unclearJson(text, json), json));
  });
}

/** Two equal keys in an object, or too deep nesting: two parsers may read it differently. */
function unclearJson(text: string, json: unknown): ProblemError | null {
  try {
    assertUniqueKeys(text, json);
    return null;
  } catch {
    return new ProblemError('malformed-request');
  }
}

/** A request that the HTTP parser refuses reaches no route, so the answer is written to the socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket, publicUrl: string): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({ ...problemBody('malformed-request', {}, publicUrl), status });
  const headers = Object.entries({
    'content-type': PROBLEM_MEDIA_TYPE,
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    connection: 'close',
    ...securityHeaders(publicUrl),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}\r\n${body}`);
  // A client that does not read this answer either must not keep the socket.
  socket.setTimeout(CHECK_EVERY_MS, () => socket.destroy());
}
