import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import type { Answer } from '../operations/idempotency.js';

/** Handlers return an `Answer`; this puts its status and headers on the reply. */
export class AnswerInterceptor implements NestInterceptor<Answer | undefined, unknown> {
  intercept(context: ExecutionContext, next: CallHandler<Answer | undefined>): Observable<unknown> {
    return next.handle().pipe(
      map((answer) => {
        // Open pages write their reply themselves.
        if (answer === undefined) return undefined;
        const reply = context.switchToHttp().getResponse<FastifyReply>();
        reply.status(answer.status).headers({ 'cache-control': 'no-store', ...answer.headers });
        return answer.body;
      }),
    );
  }
}

/** 200 with a body. */
export const ok = (body: unknown): Answer => ({ status: 200, body });
