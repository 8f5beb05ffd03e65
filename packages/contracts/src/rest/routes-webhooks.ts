import { pageQuery } from './main-accounts.js';
import { both, MAIN, ofMain, route } from './route-parts.js';
import {
  createdWebhook,
  createWebhook,
  patchWebhook,
  rotatedSecret,
  webhookDelivery,
  webhookDeliveryId,
  webhookDeliveryList,
  webhookDeliveryQuery,
  webhookId,
  webhookList,
  webhookView,
} from './webhooks.js';

const HOOK = `${MAIN}/webhooks/{webhook}` as const;
const DELIVERY = `${HOOK}/deliveries/{delivery}` as const;
const ofHook = ofMain.extend({ webhook: webhookId });
const ofDelivery = ofHook.extend({ delivery: webhookDeliveryId });
const shared = { tag: 'Webhooks', who: both } as const;

/**
 * Events that are sent to the customer's own programs, signed as Standard Webhooks
 * (https://www.standardwebhooks.com).
 */
export const webhookRoutes = {
  createWebhook: route({
    ...shared,
    method: 'POST',
    path: `${MAIN}/webhooks`,
    summary: 'Make a webhook; its secret is shown this once',
    scope: 'write',
    params: ofMain,
    body: createWebhook,
    answer: { status: 201, schema: createdWebhook },
    conflicts: ['too-many-webhooks'],
  }),
  listWebhooks: route({
    ...shared,
    method: 'GET',
    path: `${MAIN}/webhooks`,
    summary: 'Webhooks, without their secrets',
    scope: 'read',
    params: ofMain,
    query: pageQuery,
    answer: { status: 200, schema: webhookList },
  }),
  getWebhook: route({
    ...shared,
    method: 'GET',
    path: HOOK,
    summary: 'One webhook, and whether it is on',
    scope: 'read',
    params: ofHook,
    answer: { status: 200, schema: webhookView },
  }),
  patchWebhook: route({
    ...shared,
    method: 'PATCH',
    path: HOOK,
    summary: 'Change a webhook, or switch it off or on',
    scope: 'write',
    params: ofHook,
    body: patchWebhook,
    answer: { status: 200, schema: webhookView },
  }),
  deleteWebhook: route({
    ...shared,
    method: 'DELETE',
    path: HOOK,
    summary: 'Delete a webhook and its log; nothing more is sent',
    scope: 'write',
    params: ofHook,
    answer: { status: 204 },
  }),
  rotateWebhookSecret: route({
    ...shared,
    method: 'POST',
    path: `${HOOK}/secret`,
    summary: 'Make a new secret; the one before it signs too for 24 hours',
    scope: 'write',
    params: ofHook,
    answer: { status: 200, schema: rotatedSecret },
  }),
  listWebhookDeliveries: route({
    ...shared,
    method: 'GET',
    path: `${HOOK}/deliveries`,
    summary: 'What was sent and what became of it, newest first',
    scope: 'read',
    params: ofHook,
    query: webhookDeliveryQuery,
    answer: { status: 200, schema: webhookDeliveryList },
  }),
  getWebhookDelivery: route({
    ...shared,
    method: 'GET',
    path: DELIVERY,
    summary: 'One delivery',
    scope: 'read',
    params: ofDelivery,
    answer: { status: 200, schema: webhookDelivery },
  }),
  redeliverWebhook: route({
    ...shared,
    method: 'POST',
    path: `${DELIVERY}/redeliver`,
    summary: 'Send a delivery again, now, with the same id and body',
    scope: 'write',
    params: ofDelivery,
    answer: { status: 200, schema: webhookDelivery },
    conflicts: ['webhook-disabled'],
  }),
  pingWebhook: route({
    ...shared,
    method: 'POST',
    path: `${HOOK}/ping`,
    summary: 'Send a webhook.ping, to try it out',
    scope: 'write',
    params: ofHook,
    answer: { status: 201, schema: webhookDelivery },
    conflicts: ['webhook-disabled'],
  }),
} as const;
