import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { SessionsService } from './sessions.service.js';

@Controller()
export class SessionController {
  constructor(private readonly sessions: SessionsService) {}

  @Route('createSession')
  create(
    @Validated() validated: ValidatedRequest<'createSession'>,
    @Req() request: FastifyRequest,
  ): Promise<Answer> {
    return this.sessions.logIn(validated.body, { origin: validated.origin, cookie: request.headers.cookie });
  }

  @Route('getSession')
  async get(@Validated() validated: ValidatedRequest<'getSession'>): Promise<Answer> {
    return ok(await this.sessions.view(validated.principal));
  }

  @Route('deleteSession')
  delete(@Validated() validated: ValidatedRequest<'deleteSession'>): Promise<Answer> {
    return this.sessions.logOut(validated);
  }

  @Route('changePassword')
  changePassword(@Validated() validated: ValidatedRequest<'changePassword'>): Promise<Answer> {
    return this.sessions.changePassword(validated);
  }
}
