import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { SessionsService } from '../access/sessions.service.js';
import { SubAccountsService } from '../accounts/sub-accounts.service.js';
import type { Answer } from '../operations/idempotency.js';
import { ok } from './answer.js';
import type { Asked as AskedFor } from './asked.js';
import { Asked, Route } from './route.decorator.js';

@Controller()
export class SessionController {
  constructor(
    private readonly sessions: SessionsService,
    private readonly subAccounts: SubAccountsService,
  ) {}

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

  @Route('getMe')
  async me(@Asked() asked: AskedFor<'getMe'>): Promise<Answer> {
    return ok(await this.subAccounts.me(asked.principal));
  }
}
