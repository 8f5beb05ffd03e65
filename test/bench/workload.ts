import { commandType, makeCloudEvent, messageType, TOPICS } from '@subledger/contracts';
import type { OutgoingRecord, RecordProducer } from '@subledger/kafka';
import { mulberry32 } from '@subledger/testing';

export interface Population {
  readonly mainAccounts: number;
  readonly subAccountsEach: number;
}

const mainId = (main: number): string => `ma_bench-${String(main).padStart(6, '0')}`;
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
const command = (main: number, name: Parameters<typeof commandType>[0], data: object = {}) =>
  record(TOPICS.commands, main, commandType(name), nextId(), data);

/** Books with points and sub-accounts for everyone. */
export function* openings({ mainAccounts, subAccountsEach }: Population): Generator<OutgoingRecord> {
  for (let main = 0; main < mainAccounts; main += 1) {
    yield command(main, 'main-account.open', { plan: 'prepay', timeZone: 'Asia/Tokyo' });
    yield command(main, 'feature.activate');
    yield command(main, 'points.purchase', { points: '100000000', reference: 'bench' });
    for (let sub = 0; sub < subAccountsEach; sub += 1)
      yield command(main, 'sub-account.open', { subAccountId: subId(main, sub), limit: '100000' });
  }
}

const CONTENT = 'ご予約の確認です。明日10時にお待ちしております。'.repeat(2);

function messageSent(main: number, sub: number): OutgoingRecord {
  const messageId = nextId();
  return record(TOPICS.messages, main, messageType('message.sent'), messageId, {
    messageId,
    subAccountId: subId(main, sub),
    sentAt: new Date().toISOString(),
    sender: 'BENCH',
    recipient: '+815000000000',
    content: CONTENT,
    segments: 1,
    points: '1.2',
  });
}

/** What customers do, by weight: mostly messages, then limits, purchases, boosts and holds. */
export function* mixed(population: Population, count: number, seed: number): Generator<OutgoingRecord> {
  const random = mulberry32(seed);
  const pick = (below: number) => Math.floor(random() * below);
  for (let index = 0; index < count; index += 1) {
    const main = pick(population.mainAccounts);
    const sub = pick(population.subAccountsEach);
    const subAccountId = subId(main, sub);
    const dice = random();
    if (dice < 0.7) yield messageSent(main, sub);
    else if (dice < 0.85)
      yield command(main, 'limit.change', { subAccountId, limit: String(90_000 + pick(20_000)) });
    else if (dice < 0.93) yield command(main, 'points.purchase', { points: '100', reference: 'bench' });
    else if (dice < 0.97) yield command(main, 'limit.boost', { subAccountId, points: '10' });
    else yield command(main, 'hold.place', { subAccountId, messageId: nextId(), points: '1.2' });
  }
}

const BATCH = 2_000;

/** Produces all of them, one batch after the other. */
export async function produce(producer: RecordProducer, records: Iterable<OutgoingRecord>): Promise<void> {
  let batch: OutgoingRecord[] = [];
  for (const one of records) {
    batch.push(one);
    if (batch.length < BATCH) continue;
    await producer.send(batch);
    batch = [];
  }
  if (batch.length > 0) await producer.send(batch);
}
