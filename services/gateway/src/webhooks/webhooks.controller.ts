import { Controller } from '@nestjs/common';
import { ok } from '../request/answer.js';
import type { Answer } from '../request/idempotency.js';
import { Asked, Route } from '../request/route.decorator.js';
import type { Asked as AskedFor } from '../request/validated-request.js';
import { WebhookDeliveriesService } from './webhook-deliveries.service.js';
import { WebhooksService } from './webhooks.service.js';

@Controller()
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly deliveries: WebhookDeliveriesService,
  ) {}

  @Route('createWebhook')
  create(@Asked() asked: AskedFor<'createWebhook'>): Promise<Answer> {
    return this.webhooks.create(asked);
  }

  @Route('listWebhooks')
  async list(@Asked() asked: AskedFor<'listWebhooks'>): Promise<Answer> {
    return ok(await this.webhooks.list(asked));
  }

  @Route('getWebhook')
  async get(@Asked() asked: AskedFor<'getWebhook'>): Promise<Answer> {
    return ok(await this.webhooks.get(asked.params.id, asked.params.webhook));
  }

  @Route('patchWebhook')
  patch(@Asked() asked: AskedFor<'patchWebhook'>): Promise<Answer> {
    return this.webhooks.patch(asked);
  }

  @Route('deleteWebhook')
  delete(@Asked() asked: AskedFor<'deleteWebhook'>): Promise<Answer> {
    return this.webhooks.delete(asked);
  }

  @Route('rotateWebhookSecret')
  rotateSecret(@Asked() asked: AskedFor<'rotateWebhookSecret'>): Promise<Answer> {
    return this.webhooks.rotateSecret(asked);
  }

  @Route('listWebhookDeliveries')
  async listDeliveries(@Asked() asked: AskedFor<'listWebhookDeliveries'>): Promise<Answer> {
    return ok(await this.deliveries.list(asked));
  }

  @Route('getWebhookDelivery')
  async getDelivery(@Asked() asked: AskedFor<'getWebhookDelivery'>): Promise<Answer> {
    return ok(await this.deliveries.get(asked));
  }

  @Route('redeliverWebhook')
  redeliver(@Asked() asked: AskedFor<'redeliverWebhook'>): Promise<Answer> {
    return this.deliveries.redeliver(asked);
  }

  @Route('pingWebhook')
  ping(@Asked() asked: AskedFor<'pingWebhook'>): Promise<Answer> {
    return this.deliveries.ping(asked);
  }
}
