import { Controller, Req, Res } from '@nestjs/common';
import { EVENT_STREAM_MEDIA_TYPE } from '@subledger/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import type { StreamTopic } from './event-stream.js';
import { StreamsService } from './streams.service.js';

@Controller()
export class StreamsController {
  constructor(private readonly streams: StreamsService) {}

  @Route('streamMainAccount')
  ofMain(
    @Validated() { params, principal }: ValidatedRequest<'streamMainAccount'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#open({ kind: 'main', mainAccountId: params.id }, principal, request, reply);
  }

  @Route('streamAll')
  ofAll(
    @Validated() { principal }: ValidatedRequest<'streamAll'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#open({ kind: 'all' }, principal, request, reply);
  }

  @Route('streamOwn')
  ofSub(
    @Validated() { principal }: ValidatedRequest<'streamOwn'>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { mainAccountId, subAccountId } = principal;
    if (mainAccountId === undefined || subAccountId === undefined) throw new ProblemError('forbidden');
    return this.#open({ kind: 'sub', mainAccountId, subAccountId }, principal, request, reply);
  }

  async #open(
    topic: StreamTopic,
    principal: Principal,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const given = request.headers['last-event-id'];
    const lastEventId = typeof given === 'string' && given !== '' ? given : undefined;
    const body =
      request.method === 'HEAD' ? '' : (await this.streams.open(topic, principal, lastEventId)).body;
    reply
      .status(200)
      .headers({
        'content-type': EVENT_STREAM_MEDIA_TYPE,
        'cache-control': 'no-store',
        // Proxies such as nginx would otherwise buffer events.
        'x-accel-buffering': 'no',
      })
      .send(body);
  }
}
