import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Route, Validated } from '../request/route.decorator.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import { WebhooksService } from './webhooks.service.js';

@Controller()
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly deliveries: WebhookDeliveriesService,
  ) {}

  @Route('createWebhook')
  create(@Validated() request: ValidatedRequest<'createWebhook'>): Promise<Answer> {
    return this.webhooks.create(request);
  }

  @Route('listWebhooks')
  async list(@Validated() request: ValidatedRequest<'listWebhooks'>): Promise<Answer> {
    return ok(await this.webhooks.list(request));
  }

  @Route('getWebhook')
  async get(@Validated() request: ValidatedRequest<'getWebhook'>): Promise<Answer> {
    return ok(await this.webhooks.get(request.params.id, request.params.webhook));
  }

  @Route('patchWebhook')
  patch(@Validated() request: ValidatedRequest<'patchWebhook'>): Promise<Answer> {
    return this.webhooks.patch(request);
  }

  @Route('deleteWebhook')
  delete(@Validated() request: ValidatedRequest<'deleteWebhook'>): Promise<Answer> {
    return this.webhooks.delete(request);
  }

  @Route('rotateWebhookSecret')
  rotateSecret(@Validated() request: ValidatedRequest<'rotateWebhookSecret'>): Promise<Answer> {
    return this.webhooks.rotateSecret(request);
  }

  @Route('listWebhookDeliveries')
  async listDeliveries(@Validated() request: ValidatedRequest<'listWebhookDeliveries'>): Promise<Answer> {
    return ok(await this.deliveries.list(request));
  }

  @Route('getWebhookDelivery')
  async getDelivery(@Validated() request: ValidatedRequest<'getWebhookDelivery'>): Promise<Answer> {
    return ok(await this.deliveries.get(request));
  }

  @Route('redeliverWebhook')
  redeliver(@Validated() request: ValidatedRequest<'redeliverWebhook'>): Promise<Answer> {
    return this.deliveries.redeliver(request);
  }

  @Route('pingWebhook')
  ping(@Validated() request: ValidatedRequest<'pingWebhook'>): Promise<Answer> {
    return this.deliveries.ping(request);
  }
}
