import { GatewayClient } from '@subledger/gateway-client';
import type { DemoContext } from './context.js';
import { tellStory } from './story.js';
import { runTraffic } from './traffic.js';

/**
 * The demo of `npm start`: a story with real figures through the REST API and Kafka, then traffic until the signal.
 * On data of an earlier run it goes on: the story has a new customer, the traffic its old one.
 *
 * @throws Error when the system does not do what the story tells; the signal's reason when everything stops
 */
export async function runDemo(context: DemoContext): Promise<void> {
  const operator = new GatewayClient(context.dev.gatewayUrl, context.dev.operator.apiKey);
  context.say('A demo with made-up customers:');
  await tellStory(context, operator);
  context.signal.throwIfAborted();
  await runTraffic(context, operator);
}
