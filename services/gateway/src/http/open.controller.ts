import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ERRORS, type ErrorCode } from '@subledger/contracts';
import { Health } from '@subledger/service-kit';
import type { FastifyReply } from 'fastify';
import { DOCS_POLICY, docsPage, errorPage } from './docs-page.js';
import { openApiDocument } from './openapi.js';
import { ProblemError } from './problem.js';

/** Token of the gateway's public URL. */
export const PUBLIC_URL = Symbol('public URL');

/** What is open without a key: health, and the documentation. */
@Controller()
export class OpenController {
  // Bytes, so that many answers at once share them.
  private document: Buffer | undefined;
  private docs: Buffer | undefined;

  constructor(
    private readonly health: Health,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get('healthz')
  healthz(@Res() reply: FastifyReply): void {
    const { liveness } = this.health;
    sendJson(reply, liveness.ok ? 200 : 503, { ok: liveness.ok });
  }

  /** The names of what fails, not why: the ops port tells more. */
  @Get('readyz')
  readyz(@Res() reply: FastifyReply): void {
    const { ready, phase, checks } = this.health.readiness;
    const failing = Object.keys(checks).filter((name) => !checks[name]?.ok);
    sendJson(reply, ready ? 200 : 503, ready ? { ready, phase } : { ready, phase, failing });
  }

  @Get('openapi.json')
  openapi(@Res() reply: FastifyReply): void {
    this.document ??= Buffer.from(JSON.stringify(openApiDocument(this.publicUrl)));
    reply.type('application/json').header('cache-control', 'public, max-age=300').send(this.document);
  }

  @Get('docs')
  docsIndex(@Res() reply: FastifyReply): void {
    this.docs ??= Buffer.from(docsPage());
    sendPage(reply, this.docs);
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

function sendPage(reply: FastifyReply, html: string | Buffer): void {
  reply.type('text/html; charset=utf-8').header('content-security-policy', DOCS_POLICY).send(html);
}
