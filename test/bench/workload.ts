import { commandType, makeCloudEvent, messageType, rollCommandId, TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';
import { mulberry32 } from '@subledger/simulator';

export interface Population {
  /** Number of the first main account, so that populations do not share any. */
  readonly firstMain: number;
  readonly mainAccounts: number;
  readonly subAccountsEach: number;
  /** Point limit of each sub-account, in points. */
  readonly limit: number;
}

export const mainId = (main: number): string => `ma_bench-${String(main).padStart(6, '0')}`;
const subId = (main: number, sub: number): string => `sa_bench-${String(main).padStart(6, '0')}-${sub}`;

const SOURCE = 'subledger/bench';

function record(topic: string, main: number, type: string, id: string, data: object): OutgoingRecord {
  const time = new Date().toISOString();
  const event = makeCloudEvent(type, {
    id,
    source: SOURCE,
    time,
    data: { mainAccountId: mainId(main), ...data },
  });
  return { topic, key: mainId(main), value: JSON.stringify(event) };
}

let counter = 0;
const nextId = (): string => `bench-${process.pid}-${(counter++).toString(36)}`;
const command = (
  main: number,
  name: Parameters<typeof commandType>[0],
  data: object = {},
  id: string = nextId(),
) => record(TOPICS.commands, main, commandType(name), id, data);

/** Books with points and sub-accounts for everyone. */
export function* openings(population: Population): Generator<OutgoingRecord> {
  const { firstMain, mainAccounts, subAccountsEach, limit } = population;
  for (let main = firstMain; main < firstMain + mainAccounts; main += 1) {
    yield command(main, 'main-account.open', { plan: 'prepay', timeZone: 'Asia/Tokyo' });
    yield command(main, 'feature.activate');
    yield command(main, 'points.purchase', { points: '100000000', reference: 'bench' });
    for (let sub = 0; sub < subAccountsEach; sub += 1)
      yield command(main, 'sub-account.open', { subAccountId: subId(main, sub), limit: String(limit) });
  }
}

/** One message of every sub-account. */
export function* oneMessageEach(population: Population): Generator<OutgoingRecord> {
  const { firstMain, mainAccounts, subAccountsEach } = population;
  for (let main = firstMain; main < firstMain + mainAccounts; main += 1)
    for (let sub = 0; sub < subAccountsEach; sub += 1) yield messageSent(main, sub, nextId());
}

const CONTENT = 'ご予約の確認です。明日10時にお待ちしております。'.repeat(2);
const MESSAGE_POINTS = '1.2';

function messageSent(main: number, sub: number, messageId: string): OutgoingRecord {
  return record(TOPICS.messages, main, messageType('message.sent'), messageId, {
    messageId,
    subAccountId: subId(main, sub),
    sentAt: new Date().toISOString(),
    sender: 'BENCH',
    recipient: '+815000000000',
    content: CONTENT,
    segments: 1,
    points: MESSAGE_POINTS,
  });
}

type Pick = (below: number) => number;

function picker(seed: number): { random: () => number; pick: Pick } {
  const random = mulberry32(seed);
  return { random, pick: (below) => Math.floor(random() * below) };
}

/** A limit change, purchase, boost or hold, chosen by `dice` in [0, 1). Half of them are limit changes. */
function someCommand(main: number, sub: number, dice: number, { limit }: Population, pick: Pick) {
  const subAccountId = subId(main, sub);
  const about = String(Math.round(limit * 0.9) + pick(Math.round(limit / 5)));
  if (dice < 0.5) return command(main, 'limit.change', { subAccountId, limit: about });
  if (dice < 0.7667) return command(main, 'points.purchase', { points: '100', reference: nextId() });
  if (dice < 0.9) return command(main, 'limit.boost', { subAccountId, points: '10' });
  return command(main, 'hold.place', { subAccountId, messageId: nextId(), points: MESSAGE_POINTS });
}

/** Customers' records by weight: 70 % messages, 15 % limit changes, 8 % purchases, 4 % boosts, 3 % holds. */
export function* mixed(population: Population, count: number, seed: number): Generator<OutgoingRecord> {
  const { random, pick } = picker(seed);
  for (let index = 0; index < count; index += 1) {
    const main = population.firstMain + pick(population.mainAccounts);
    const sub = pick(population.subAccountsEach);
    const dice = random();
    if (dice < 0.7) yield messageSent(main, sub, nextId());
    else yield someCommand(main, sub, (dice - 0.7) / 0.3, population, pick);
  }
}

/** Only commands, in the same shares as in the mixed load. */
export function* commands(population: Population, count: number, seed: number): Generator<OutgoingRecord> {
  const { random, pick } = picker(seed);
  for (let index = 0; index < count; index += 1) {
    const main = population.firstMain + pick(population.mainAccounts);
    yield someCommand(main, pick(population.subAccountsEach), random(), population, pick);
  }
}

/** Holds, spread over all sub-accounts. */
export function* holds(population: Population, count: number): Generator<OutgoingRecord> {
  const { firstMain, mainAccounts, subAccountsEach } = population;
  for (let index = 0; index < count; index += 1) {
    const main = firstMain + (index % mainAccounts);
    const subAccountId = subId(main, Math.floor(index / mainAccounts) % subAccountsEach);
    yield command(main, 'hold.place', {
      subAccountId,
      messageId: nextId(),
      points: MESSAGE_POINTS,
      expiresInSeconds: 86_400,
    });
  }
}

const REFUND_SHARE = 0.02;
/** A refund is for one of this many last messages. */
const REFUNDABLE = 1_000;

/** Message facts alone: 98 % sent, 2 % refunds of messages sent shortly before, each message at most once. */
export function* usage(population: Population, count: number, seed: number): Generator<OutgoingRecord> {
  const { random, pick } = picker(seed);
  const recent: { main: number; sub: number; messageId: string }[] = [];
  for (let index = 0; index < count; index += 1) {
    if (recent.length > 0 && random() < REFUND_SHARE) {
      const [sent] = recent.splice(pick(recent.length), 1);
      yield messageRefunded(sent as (typeof recent)[number]);
      continue;
    }
    const main = population.firstMain + pick(population.mainAccounts);
    const sent = { main, sub: pick(population.subAccountsEach), messageId: nextId() };
    if (recent.length < REFUNDABLE) recent.push(sent);
    else recent[pick(REFUNDABLE)] = sent;
    yield messageSent(sent.main, sent.sub, sent.messageId);
  }
}

function messageRefunded({ main, sub, messageId }: { main: number; sub: number; messageId: string }) {
  return record(TOPICS.messages, main, messageType('message.refunded'), nextId(), {
    messageId,
    subAccountId: subId(main, sub),
    points: MESSAGE_POINTS,
    reason: 'not delivered',
  });
}

/** The month start of a period (`YYYY-MM`) of one main account. */
export function periodRoll(main: number, period: string, dueAt: string): OutgoingRecord {
  return command(main, 'period.roll', { period, dueAt }, rollCommandId(mainId(main), period));
}
