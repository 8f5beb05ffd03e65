import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { SessionsService } from './sessions.service.js';

@Controller()
export class SessionController {
  constructor(private readonly sessions: SessionsService) {}

  @Route('createSession')
  create(@Asked() asked: AskedFor<'createSession'>, @Req() request: FastifyRequest): Promise<Answer> {
    return this.sessions.logIn(asked.body, { origin: asked.origin, cookie: request.headers.cookie });
  }

  @Route('getSession')
  async get(@Asked() asked: AskedFor<'getSession'>): Promise<Answer> {
    return ok(await this.sessions.view(asked.principal));
  }

  @Route('deleteSession')
  delete(@Asked() asked: AskedFor<'deleteSession'>): Promise<Answer> {
    return this.sessions.logOut(asked);
  }

  @Route('changePassword')
  changePassword(@Asked() asked: AskedFor<'changePassword'>): Promise<Answer> {
    return this.sessions.changePassword(asked);
  }
}
