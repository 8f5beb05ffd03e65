import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaConfig } from '@subledger/kafka';
import type { DevJson } from '../commands/start-dev-json.js';

export interface DemoContext {
  readonly dev: DevJson;
  /** Of the demo's customers and sub-accounts. */
  readonly password: string;
  readonly topicPrefix: string;
  /** For the scheduler's job that starts a month. */
  readonly schedulerEnvironment: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
  /** Aborted when everything stops. */
  readonly signal: AbortSignal;
}

export function kafkaOf({ dev, topicPrefix }: DemoContext): KafkaConfig {
  return { brokers: dev.kafkaBrokers.split(','), clientId: 'demo-sms-service', topicPrefix };
}

const PATIENCE_MS = 30_000;
const ASK_EVERY_MS = 100;

/**
 * Asks again until the answer is good enough, because results come through Kafka a moment later.
 *
 * @throws Error that names what did not come; the signal's reason if everything stops
 */
export async function until<Answer>(
  { signal }: DemoContext,
  what: string,
  ask: () => Promise<Answer>,
  isGood: (answer: Answer) => boolean,
  patienceMs = PATIENCE_MS,
): Promise<Answer> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (isGood(answer)) return answer;
    if (performance.now() >= deadline) throw new Error(`${what} did not come within ${patienceMs / 1_000} s`);
    await delay(ASK_EVERY_MS, undefined, { signal });
  }
}

/** `10000` as `10,000`; fractions stay. */
export function shown(points: string): string {
  const [whole = '', fraction] = points.split('.');
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
