import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ERRORS, type ErrorCode } from '@subledger/contracts';
import { Health } from '@subledger/service-kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../request/problem.js';
import { docsIndex, sendFile } from './docs-files.js';
import { apiPage, errorPage, errorsPage, eventsPage, guidePage, type Page } from './docs-page.js';
import { openApiDocument } from './openapi.js';

/** Token of the gateway's public URL. */
export const PUBLIC_URL = Symbol('public URL');

/** Routes without a credential: health and documentation. */
@Controller()
export class OpenController {
  // As bytes, so that concurrent answers share them.
  #document: Buffer | undefined;

  constructor(
    private readonly health: Health,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('healthz')
  healthz(@Res() reply: FastifyReply): void {
    const { liveness } = this.health;
    sendJson(reply, liveness.ok ? 200 : 503, { ok: liveness.ok });
  }

  /** Names the failed checks without their errors. The ops port has more details. */
  @Get('readyz')
  readyz(@Res() reply: FastifyReply): void {
    const { ready, phase, checks } = this.health.readiness;
    const failing = Object.keys(checks).filter((name) => !checks[name]?.ok);
    sendJson(reply, ready ? 200 : 503, ready ? { ready, phase } : { ready, phase, failing });
  }

  @Get('openapi.json')
  openapi(@Res() reply: FastifyReply): void {
    this.#document ??= Buffer.from(JSON.stringify(openApiDocument(this.publicUrl)));
    reply.type('application/json').header('cache-control', 'public, max-age=300').send(this.#document);
  }

  @Get('asyncapi.json')
  asyncapi(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return sendFile(request, reply, 'asyncapi.json', 'public, max-age=300');
  }

  @Get('docs')
  docsIndex(@Res() reply: FastifyReply): void {
    sendPage(reply, apiPage());
  }

  @Get('docs/events')
  events(@Res() reply: FastifyReply): void {
    sendPage(reply, eventsPage());
  }

  @Get('docs/guides/:name')
  guide(@Param('name') name: string, @Res() reply: FastifyReply): void {
    const page = guidePage(name);
    if (!page) throw ProblemError.notFound();
    sendPage(reply, page);
  }

  /** The address contains the file's hash, so browsers cache it for a year. */
  @Get('docs/assets/:version/:name')
  asset(
    @Param('version') version: string,
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const index = docsIndex();
    if (version !== index.version || !index.assets.includes(name)) throw ProblemError.notFound();
    return sendFile(request, reply, name, 'public, max-age=31536000, immutable');
  }

  @Get('docs/errors')
  errors(@Res() reply: FastifyReply): void {
    sendPage(reply, errorsPage());
  }

  @Get('docs/errors/:code')
  error(@Param('code') code: string, @Res() reply: FastifyReply): void {
    if (!Object.hasOwn(ERRORS, code)) throw ProblemError.notFound();
    sendPage(reply, errorPage(code as ErrorCode));
  }
}

function sendJson(reply: FastifyReply, status: number, body: object): void {
  reply.status(status).header('cache-control', 'no-store').send(body);
}

/** A page with a nonce must be used only once, so it is not cached. */
function sendPage(reply: FastifyReply, { html, policy }: Page): void {
  reply
    .type('text/html; charset=utf-8')
    .headers({ 'content-security-policy': policy, 'cache-control': 'no-store' })
    .send(html);
}
