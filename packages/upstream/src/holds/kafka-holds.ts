import { randomUUID } from 'node:crypto';
import {
  COMMAND_DATA,
  type CommandInput,
  commandType,
  eventType,
  makeCloudEvent,
  TOPICS,
} from '@subledger/contracts';
import { type KafkaConfig, type KafkaRecord, LogFollower, RecordProducer } from '@subledger/kafka/client';
import type { LimitFeed } from '../feed/limit-feed.js';
import { parseObject } from '../feed/limit-json.js';
import {
  type HoldOutcome,
  type HoldRequest,
  type HoldTransport,
  type Refused,
  type ReleaseOutcome,
  type ReleaseRequest,
  unknownHold,
  unknownRelease,
} from './outcome.js';

export interface KafkaHoldsOptions {
  readonly kafka: KafkaConfig;
  /** Checks senders: the ledger does not know them. Without it a hold that names a sender is refused. */
  readonly feed?: Pick<LimitFeed, 'allowsSender'>;
  /** Milliseconds until an outcome is given up as `unknown`. Default 5,000. */
  readonly timeoutMs?: number;
  /** CloudEvents source of the commands. Default `/sms-service`. */
  readonly source?: string;
  /** The clock. Default: the system's. */
  readonly now?: () => Date;
}

/** An event's data, as far as outcomes need it; the ledger has checked it. */
interface EventData {
  readonly cause?: { readonly id?: string };
  readonly code?: Refused['code'];
  readonly remaining?: string;
  readonly points?: string;
  readonly expiresAt?: string;
  readonly subAccount?: { readonly remaining?: string };
}
interface Outcome {
  readonly type: string;
  readonly data: EventData;
}
type HoldCommand = 'hold.place' | 'hold.release';

/**
 * Holds as commands on `points.commands.v1`; outcomes come from `points.events.v1`. Senders are checked here, by the profiles that the
 * feed knows.
 */
export class KafkaHolds implements HoldTransport {
  readonly #options: KafkaHoldsOptions;
  readonly #timeoutMs: number;
  readonly #producer: RecordProducer;
  readonly #follower: LogFollower;
  /** Begins the ids of our commands, so that others' events are told apart without parsing them. */
  readonly #prefix = `hold-${randomUUID()}-`;
  readonly #mark = Buffer.from(this.#prefix);
  readonly #pending = new Map<string, (outcome: Outcome | undefined) => void>();
  #opening: Promise<void> | undefined;
  #count = 0;

  constructor(options: KafkaHoldsOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
    this.#producer = new RecordProducer(options.kafka, { deliveryTimeoutMs: this.#timeoutMs });
    this.#follower = new LogFollower(options.kafka, {
      topics: [TOPICS.events],
      onBatch: ({ records }) => {
        for (const record of records) this.#onEvent(record);
      },
      onOutOfRange: ({ high }) => high,
    });
  }

  async hold({ sender, ...data }: HoldRequest): Promise<HoldOutcome> {
    const refused = sender === undefined ? undefined : this.#senderRefusal(data.subAccountId, sender);
    if (refused) return refused;
    const asked = await this.#ask('hold.place', data);
    if (typeof asked === 'string') return unknownHold('unreachable', asked);
    if (asked === undefined) return unknownHold('timeout', `no outcome within ${this.#timeoutMs} ms`);
    if ('outcome' in asked) return asked;
    if (asked.type !== eventType('hold.placed')) return toRefused(asked);
    const { points = data.points, expiresAt = '', subAccount } = asked.data;
    return { outcome: 'placed', points, expiresAt, remaining: subAccount?.remaining ?? '0' };
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const asked = await this.#ask('hold.release', { ...request });
    if (typeof asked === 'string') return unknownRelease('unreachable', asked);
    if (asked === undefined) return unknownRelease('timeout', `no outcome within ${this.#timeoutMs} ms`);
    if ('outcome' in asked) return asked;
    if (asked.type !== eventType('hold.released')) return toRefused(asked);
    return { outcome: 'released', points: asked.data.points ?? '0' };
  }

  /** Calls under way end as `unknown`. */
  async close(): Promise<void> {
    for (const settle of this.#pending.values()) settle(undefined);
    await this.#producer.close();
    await this.#follower.close();
  }

  #senderRefusal(subAccountId: string, sender: string): Refused | undefined {
    const { feed } = this.#options;
    if (!feed)
      return refusal('validation-failed', 'sender is checked by a feed only: pass `feed`, or leave it out');
    const isAllowed = feed.allowsSender(subAccountId, sender);
    if (isAllowed) return undefined;
    return isAllowed === undefined
      ? refusal('service-unavailable', 'the feed is not caught up: try again soon')
      : refusal('sender-not-allowed', 'the sub-account may not send from this number');
  }

  /** @returns the outcome; undefined when the time is up; a text where nothing could be sent */
  async #ask<Name extends HoldCommand>(
    name: Name,
    given: CommandInput<Name>,
  ): Promise<Outcome | Refused | string | undefined> {
    const data = COMMAND_DATA[name].safeParse(given);
    if (!data.success) {
      const detail = data.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ');
      return { outcome: 'refused', code: 'validation-failed', detail };
    }
    this.#count += 1;
    const id = `${this.#prefix}${this.#count}`;
    const settled = Promise.withResolvers<Outcome | undefined>();
    const timer = setTimeout(() => settled.resolve(undefined), this.#timeoutMs);
    this.#pending.set(id, settled.resolve);
    try {
      const { source = '/sms-service', now = () => new Date() } = this.#options;
      const event = makeCloudEvent(commandType(name), {
        id,
        source,
        time: now().toISOString(),
        data: data.data,
      });
      const record = { topic: TOPICS.commands, key: data.data.mainAccountId, value: JSON.stringify(event) };
      const sent = this.#open().then(() => this.#producer.send([record]));
      const failed = sent.then(
        () => settled.promise,
        (error: unknown) => String(error),
      );
      return await Promise.race([settled.promise, failed]);
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  /** Reads events from before the first command on. A failure is tried again with the next call. */
  #open(): Promise<void> {
    this.#opening ??= this.#follow().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #follow(): Promise<void> {
    const partitions = await this.#follower.partitionCount(TOPICS.events);
    const ends = await Promise.all(
      Array.from({ length: partitions }, (_, partition) => this.#follower.range(TOPICS.events, partition)),
    );
    for (const [partition, { high }] of ends.entries()) this.#follower.follow(TOPICS.events, partition, high);
  }

  #onEvent({ value }: KafkaRecord): void {
    if (!value?.includes(this.#mark)) return;
    const { type, data } = (parseObject(value.toString('utf8')) ?? {}) as Partial<Outcome>;
    const settle = this.#pending.get(data?.cause?.id ?? '');
    // A command may cause several events (a month start before it): the outcome is one of these.
    if (settle && data && type !== undefined && OUTCOMES.has(type)) settle({ type, data });
  }
}

const refusal = (code: Refused['code'], detail: string): Refused => ({ outcome: 'refused', code, detail });

const OUTCOMES: ReadonlySet<string> = new Set([
  eventType('hold.placed'),
  eventType('hold.released'),
  eventType('command.rejected'),
]);

function toRefused({ data: { code = 'invalid-command', remaining } }: Outcome): Refused {
  return { outcome: 'refused', code, ...(remaining === undefined ? {} : { remaining }) };
}
