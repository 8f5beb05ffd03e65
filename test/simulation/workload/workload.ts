import { commandType, makeCloudEvent, messageType, rollCommandId, TOPICS } from '@subledger/contracts';
import { type OutgoingRecord, partitionFor } from '@subledger/kafka';
import { SeededRandom } from '@subledger/simulator';
import type { Broker } from '../broker/broker.js';
import { monthStart, next, periodOf, previous } from '../world/calendar.js';
import type { World } from '../world/world.js';
import { poisoned, spoiled } from './bad-records.js';
import { AMOUNTS, drawCommand, settingUp } from './commands.js';
import { type Customer, makeCustomers } from './customers.js';

const SOURCE = '/simulation';
const HOUR = 3_600_000;
/** Number of records that may be sent again. */
const REMEMBERED = 60;
const FORWARDED_HEADER = 'ledger-forwarded-from';

/** Clients of the ledger. Their records come in any order, twice, invalid, late, and on wrong partitions. */
export class Workload {
  readonly customers: Customer[];
  readonly #random: SeededRandom;
  readonly #recent: OutgoingRecord[] = [];
  #ids = 0;

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    many: number,
  ) {
    this.#random = new SeededRandom(world.random.int(1, 2 ** 30));
    this.customers = makeCustomers(this.#random, broker.partitionCount, many);
  }

  /** Opens the customers' books. */
  setUp(): void {
    for (const customer of this.customers)
      for (const { name, data } of settingUp(this.#random, customer))
        this.#send(this.#command(customer, name, data));
  }

  /** Enough purchases to reach the maximum of all purchases, the only way to `invalid-amount`. */
  buyEverything(times: number): void {
    const customer = this.customers[1] as Customer;
    for (let count = 0; count < times; count += 1)
      this.#send(
        this.#command(customer, 'points.purchase', { points: '999999999999', reference: `all ${count}` }),
      );
  }

  /** A burst of records. */
  burst(): void {
    const random = this.#random;
    const count = random.chance(0.1) ? random.int(5, 25) : random.int(1, 4);
    const customer = random.pick(this.customers);
    for (let n = 0; n < count; n += 1) this.#one(random.chance(0.7) ? customer : random.pick(this.customers));
  }

  /** Many records for one customer at the same time. */
  storm(): void {
    const customer = this.#random.pick(this.customers);
    for (let count = 0; count < 40; count += 1) this.#one(customer);
  }

  /** Requests month starts like the scheduler: due ones, or the next one as a trial. */
  roll(): void {
    const { world } = this;
    const random = this.#random;
    const customer = random.pick(this.customers);
    const now = periodOf(world.scheduler.now, customer.zone);
    const shift = random.pick([-1, 0, 0, 1, 1, 2]);
    let period = now;
    for (let n = 0; n < Math.abs(shift); n += 1) period = shift > 0 ? next(period) : previous(period);
    const dueAt = new Date(monthStart(period, customer.zone)).toISOString();
    const id = random.chance(0.7) ? rollCommandId(customer.id, period) : this.#id('c');
    this.#send(this.#event(commandType('period.roll'), id, { mainAccountId: customer.id, period, dueAt }));
  }

  #one(customer: Customer): void {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.06) {
      this.#again();
      return;
    }
    const record = random.chance(0.5) ? this.#aCommand(customer) : this.#aMessage(customer);
    if (dice < 0.1) this.#bad(customer, record);
    else if (dice < 0.13) this.#astray(record);
    else if (dice < 0.14) this.#stranger(record);
    else this.#send(record);
  }

  #aCommand(customer: Customer): OutgoingRecord {
    const { name, data } = drawCommand(this.#random, customer);
    return this.#command(customer, name, data);
  }

  #command(
    customer: Customer,
    name: Parameters<typeof commandType>[0],
    data: Record<string, unknown>,
  ): OutgoingRecord {
    this.world.cover(`command:${name}`);
    return this.#event(commandType(name), this.#id('c'), { mainAccountId: customer.id, ...data });
  }

  #aMessage(customer: Customer): OutgoingRecord {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.12 && customer.messages.length > 0) return this.#refund(customer);
    if (dice < 0.16 && customer.messages.length > 0) return this.#status(customer);
    const hold = customer.held.length > 0 && random.chance(0.4) ? random.pick(customer.held.slice(-8)) : null;
    const sub = customer.subs.length > 0 ? random.pick(customer.subs) : 'sa_nobody';
    const messageId = hold?.messageId ?? this.#id('m');
    const subAccountId = hold && random.chance(0.9) ? hold.subAccountId : sub;
    const points =
      hold && random.chance(0.5)
        ? hold.points
        : random.pick(['0', ...AMOUNTS, ...(random.chance(0.05) ? ['500.001'] : [])]);
    customer.messages.push({ messageId, subAccountId, points });
    return this.#sent(customer, messageId, subAccountId, points);
  }

  #sent(customer: Customer, messageId: string, subAccountId: string, points: string): OutgoingRecord {
    const random = this.#random;
    // Mostly now. Sometimes late by hours or months, slightly ahead, too far ahead, or too long ago.
    const hours = random.chance(0.7) ? 0 : random.pick([-1, -30, -24 * 20, -24 * 45, 20, 26, -24 * 366]);
    const isAncient = hours < -24 * 365 && random.chance(0.3);
    const sentAt = isAncient
      ? random.pick(['0000-01-01T00:00:00Z', '1970-01-21T16:00:00Z'])
      : new Date(Math.floor(this.world.scheduler.now) + hours * HOUR).toISOString();
    const rest = { sentAt, sender: 'sender', recipient: '+810000', content: 'text', segments: 1, points };
    this.world.cover('message:sent');
    return this.#event(messageType('message.sent'), messageId, {
      messageId,
      mainAccountId: customer.id,
      subAccountId,
      ...rest,
    });
  }

  #refund(customer: Customer): OutgoingRecord {
    const random = this.#random;
    const { messageId, subAccountId } = random.pick(customer.messages.slice(-40));
    const id = random.chance(0.9) ? messageId : this.#id('m');
    const data = { messageId: id, mainAccountId: customer.id, subAccountId, points: random.pick(AMOUNTS) };
    this.world.cover('message:refunded');
    return this.#event(messageType('message.refunded'), this.#id('r'), { ...data, reason: 'not delivered' });
  }

  #status(customer: Customer): OutgoingRecord {
    const { messageId, subAccountId } = this.#random.pick(customer.messages);
    const at = new Date(Math.floor(this.world.scheduler.now)).toISOString();
    const data = { messageId, mainAccountId: customer.id, subAccountId, at };
    this.world.cover('message:status');
    return this.#event(messageType('message.status'), this.#id('s'), { ...data, status: 'MESSAGE_EXPIRED' });
  }

  /** Sends a record again: the same, or the same id with other content. */
  #again(): void {
    const random = this.#random;
    if (this.#recent.length === 0) return;
    const record = random.pick(this.#recent);
    const event = random.chance(0.4) ? readable(record) : null;
    if (!event) {
      this.#send(record);
      return;
    }
    const { points, limit } = event.data;
    const other =
      points !== undefined ? { points: '2.5' } : limit !== undefined ? { limit: '7' } : { note: 'other' };
    this.world.cover('workload:other content');
    this.#send({ ...record, value: JSON.stringify({ ...event, data: { ...event.data, ...other } }) });
  }

  #bad(customer: Customer, record: OutgoingRecord): void {
    const event = JSON.parse(String(record.value)) as Record<string, unknown>;
    if (this.#random.chance(0.25)) this.#send(poisoned(event, customer, this.#id('x')));
    else this.#send(spoiled(this.#random, customer, record.topic, event));
  }

  /** Sends a record on a partition that is not its key's, sometimes marked as already forwarded. */
  #astray(record: OutgoingRecord): void {
    const { broker } = this;
    const random = this.#random;
    const home = partitionFor(record.key as string, broker.partitionCount);
    const partition = (home + random.int(1, broker.partitionCount - 1)) % broker.partitionCount;
    this.world.cover('workload:wrong partition');
    const headers = random.chance(0.1) ? { [FORWARDED_HEADER]: String(home) } : {};
    this.#send({ ...record, partition, headers: { ...record.headers, ...headers } });
  }

  /** A record of a main account that was never opened. */
  #stranger(record: OutgoingRecord): void {
    const event = JSON.parse(String(record.value)) as { data: Record<string, unknown> };
    const mainAccountId = `ma_nobody-${this.#random.int(1, 9)}`;
    const value = JSON.stringify({ ...event, data: { ...event.data, mainAccountId } });
    this.#send({ ...record, key: mainAccountId, value });
  }

  #event(
    type: string,
    id: string,
    data: { readonly mainAccountId: string; readonly [field: string]: unknown },
  ): OutgoingRecord {
    const time = new Date(Math.floor(this.world.scheduler.now)).toISOString();
    const topic = type.startsWith('subledger.message.') ? TOPICS.messages : TOPICS.commands;
    const value = JSON.stringify(makeCloudEvent(type, { id, source: SOURCE, time, data }));
    return { topic, key: data.mainAccountId, value };
  }

  #id(kind: string): string {
    this.#ids += 1;
    return `${kind}-${this.#ids.toString(36)}`;
  }

  /** A producer's retry may write a record twice. */
  #send(record: OutgoingRecord): void {
    const times = this.#random.chance(0.02) ? 2 : 1;
    for (let n = 0; n < times; n += 1) {
      const { topic, partition, offset } = this.broker.produce(record);
      this.world.trace(`client ${topic}:${partition}:${offset} ${String(record.value).slice(0, 400)}`);
      this.world.cover('record:sent');
    }
    if (times > 1) this.world.cover('workload:duplicate');
    this.#recent.push(record);
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
  }
}

function readable({ value }: OutgoingRecord): { data: Record<string, unknown> } | null {
  try {
    const event = JSON.parse(String(value)) as { data?: unknown } | null;
    return typeof event?.data === 'object' && event.data !== null
      ? (event as { data: Record<string, unknown> })
      : null;
  } catch {
    return null;
  }
}
