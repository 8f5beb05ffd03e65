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
  /** Checks senders, which the ledger does not know. Without it, a hold that names a sender is refused. */
  readonly feed?: Pick<LimitFeed, 'allowsSender'>;
  /** Milliseconds until a call ends as `unknown`. Default 5,000. */
  readonly timeoutMs?: number;
  /** CloudEvents source of the commands. Default `/sms-service`. */
  readonly source?: string;
  /** The clock. Default: the system's. */
  readonly now?: () => Date;
}

/** The fields of an event's data that outcomes need. The ledger has checked them. */
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
 * Holds as commands on `points.commands.v1`. Outcomes come from `points.events.v1`. Senders are checked here, by the
 * profiles of the feed.
 */
export class KafkaHolds implements HoldTransport {
  readonly #options: KafkaHoldsOptions;
  readonly #timeoutMs: number;
  readonly #producer: RecordProducer;
  readonly #follower: LogFollower;
  /** Prefix of our command ids, so that events of others are recognized without parsing. */
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
    const reply = await this.#ask('hold.place', data);
    if (typeof reply === 'string') return unknownHold('unreachable', reply);
    if (reply === undefined) return unknownHold('timeout', `no outcome within ${this.#timeoutMs} ms`);
    if ('outcome' in reply) return reply;
    if (reply.type !== eventType('hold.placed')) return toRefused(reply);
    const { points = data.points, expiresAt = '', subAccount } = reply.data;
    return { outcome: 'placed', points, expiresAt, remaining: subAccount?.remaining ?? '0' };
  }

  async release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    const reply = await this.#ask('hold.release', { ...request });
    if (typeof reply === 'string') return unknownRelease('unreachable', reply);
    if (reply === undefined) return unknownRelease('timeout', `no outcome within ${this.#timeoutMs} ms`);
    if ('outcome' in reply) return reply;
    if (reply.type !== eventType('hold.released')) return toRefused(reply);
    return { outcome: 'released', points: reply.data.points ?? '0' };
  }

  /** Pending calls end as `unknown`. */
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

  /** @returns the outcome, undefined if the time is up, or a text if the command could not be sent */
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

  /** Starts to read events before the first command is sent. After a failure, the next call tries again. */
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
    // A command may cause several events (a month start before it). The outcome is one of these types.
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
