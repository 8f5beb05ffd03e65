import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { ERRORS, type ErrorCode, PROBLEM_MEDIA_TYPE } from '@subledger/contracts';
import { isConnectionError, isTransientError } from '@subledger/database';
import { KafkaUnavailableError } from '@subledger/kafka';
import type { Logger } from '@subledger/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DependencyMonitor } from '../availability/dependency-monitor.js';
import { ProblemError, problemBody } from '../request/problem.js';
import { methodNotAllowed } from './allowed-methods.js';

/** Errors of the framework, by status. */
const BY_STATUS = new Map<number, ErrorCode>([
  [400, 'malformed-request'],
  [401, 'unauthorized'],
  [404, 'not-found'],
  [405, 'method-not-allowed'],
  [406, 'not-acceptable'],
  [408, 'malformed-request'],
  [413, 'payload-too-large'],
  [414, 'malformed-request'],
  [415, 'unsupported-media-type'],
  [431, 'malformed-request'],
  [503, 'service-unavailable'],
]);

/** Turns every error into a problem (RFC 9457). An unexpected error reveals no internals. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly publicUrl: string,
    private readonly monitor: DependencyMonitor,
    private readonly log: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (reply.sent) return;
    const found = this.#toProblem(error, request);
    const { status } = ERRORS[found.code];
    if (status >= 500)
      this.log.error({ err: error, requestId: request.id, code: found.code }, 'request failed');
    reply
      .status(status)
      .headers({ ...found.headers, 'cache-control': 'no-store' })
      .type(PROBLEM_MEDIA_TYPE)
      .send(problemBody(found.code, found.fields, this.publicUrl, request.id));
  }

  #toProblem(error: unknown, request: FastifyRequest): ProblemError {
    if (error instanceof ProblemError) return error;
    if (isConnectionError(error)) {
      this.monitor.databaseLost(error);
      return ProblemError.unavailable('database', error);
    }
    // Busy, not down: a repeat may succeed.
    if (isTransientError(error) || isTransactionTimeout(error))
      return ProblemError.unavailable('database', error);
    if (error instanceof KafkaUnavailableError) return ProblemError.unavailable('broker', error);
    const status = statusOf(error);
    if (status === 404) return methodNotAllowed(request) ?? ProblemError.notFound();
    const code = status === undefined ? undefined : BY_STATUS.get(status);
    if (code === 'service-unavailable') return ProblemError.unavailable('server', error);
    if (code !== undefined) return new ProblemError(code);
    return new ProblemError(status !== undefined && status < 500 ? 'malformed-request' : 'internal-error');
  }
}

/** Prisma's own time-outs for starting and finishing an interactive transaction. */
const isTransactionTimeout = (error: unknown): boolean => (error as { code?: unknown }).code === 'P2028';

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode === 'number') return statusCode;
  return error instanceof SyntaxError || error instanceof URIError ? 400 : undefined;
}
