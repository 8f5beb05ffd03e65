import { GatewayClient } from '@subledger/gateway-client';
import type { DemoContext } from './context.js';
import { tellStory } from './story.js';
import { runTraffic } from './traffic.js';

/**
 * The demo of `npm start`: a story with real figures through the REST API and Kafka, then traffic until the signal.
 * On data of an earlier run, the story gets a new customer and the traffic continues with its old one.
 *
 * @throws Error if the system does something else than the story says; the signal's reason if everything stops
 */
export async function runDemo(context: DemoContext): Promise<void> {
  const operator = new GatewayClient(context.dev.gatewayUrl, context.dev.operator.apiKey);
  context.say('A demo with made-up customers:');
  await tellStory(context, operator);
  context.signal.throwIfAborted();
  await runTraffic(context, operator);
}
