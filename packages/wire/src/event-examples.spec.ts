import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import {
  commandType,
  EVENTS,
  EXAMPLE_IDS,
  eventType,
  messageType,
  rollCommandId,
} from '@subledger/contracts';
import { Books, type Command, decide, type Input, wholePoints, ZERO } from '@subledger/core';
import { ROOT } from '@subledger/service-kit/installed-services';
import { type Cause, EventWriter } from './event-json.js';
import { type StoredStatement, type StoredTransfer, snapshotParts } from './snapshot-parts.js';

/** The examples of the contracts' AsyncAPI document; RECORD_EXAMPLES=1 writes them anew. */
const FILE = join(ROOT, 'packages/contracts/examples/points.events.v1.json');
const { mainAccountId, subAccountId, messageId } = EXAMPLE_IDS;
const START = Date.parse('2026-11-23T09:00:00Z');
const MINUTE_MS = 60_000;
const policy = { maxSubAccounts: 100, maxMessagePoints: wholePoints(1_000_000), allowEarlyRoll: true };

let minutes = 0;
const next = () => START + MINUTE_MS * minutes++;
const run = (name: Command['name'], data: object = {}) =>
  ({ kind: 'command', name, mainAccountId, at: next(), data: { subAccountId, ...data } }) as unknown as Input;
const sent = (id: string, points: number): Input => {
  const at = next();
  return {
    kind: 'message.sent',
    mainAccountId,
    at,
    messageId: id,
    subAccountId,
    sentAt: at,
    points: wholePoints(points),
  };
};

/** One customer's month, in which every event happens; the first of each type is the example. */
const story = (): Input[] => [
  run('main-account.open', {
    plan: 'prepay',
    timeZone: 'Asia/Tokyo',
    creditLimit: wholePoints(0),
    fundingPolicy: 'full',
  }),
  run('points.purchase', { points: wholePoints(10_000), reference: 'INV-2026-118' }),
  run('feature.activate'),
  run('sub-account.open', { limit: wholePoints(1_000), priority: 100 }),
  run('sub-account.configure', { priority: 10 }),
  run('limit.change', { limit: wholePoints(1_500), effective: 'immediately' }),
  run('limit.boost', { points: wholePoints(200) }),
  run('hold.place', { messageId, points: wholePoints(2), expiresInSeconds: 900 }),
  sent(messageId, 2),
  {
    kind: 'message.refunded',
    mainAccountId,
    at: next(),
    refundId: `refund-${messageId}`,
    messageId,
    points: wholePoints(1),
  },
  run('hold.place', { messageId: 'sms-20261123-000043', points: wholePoints(2), expiresInSeconds: 900 }),
  run('hold.release', { messageId: 'sms-20261123-000043', reason: 'released' }),
  run('limit.change', { limit: wholePoints(50_000), effective: 'immediately' }),
  run('sub-account.pause'),
  run('sub-account.resume'),
  run('main-account.suspend'),
  run('main-account.resume'),
  run('points.adjust', { points: wholePoints(-8_300), reason: 'Ticket 4711' }),
  sent('sms-20261123-000044', 1_800),
  run('main-account.configure', { suspendBelow: wholePoints(1_000_000) }),
  run('main-account.configure', { suspendBelow: null }),
  run('period.roll', { period: '2026-12' }),
  run('period.roll', { period: '2026-12' }),
  run('points.purchase', { points: wholePoints(5_000), reference: 'INV-2026-119' }),
  run('sub-account.deactivate'),
  run('sub-account.reactivate'),
  run('sub-account.delete'),
  run('plan.switch', { plan: 'postpay' }),
  run('snapshot.request', { history: true }),
  run('feature.deactivate'),
];

const causeOf = (input: Input, count: number): Cause => {
  switch (input.kind) {
    case 'command':
      return {
        kind: 'command',
        id: input.name === 'period.roll' ? rollCommandId(mainAccountId, input.data.period) : `cmd-${count}`,
        type: commandType(input.name),
      };
    case 'message.sent':
      return { kind: 'message', id: input.messageId, type: messageType('message.sent') };
    case 'message.refunded':
      return { kind: 'message', id: input.refundId, type: messageType('message.refunded') };
    default:
      throw new Error(`no cause for ${input.kind}`);
  }
};

const moved: StoredTransfer[] = [];
const closed: StoredStatement[] = [];
const NOTHING_LATE = { lateUsed: ZERO, lateRefunded: ZERO, lateReturned: ZERO };

/** The first event of each type, in the contract's order, as the ledger writes it. */
function examples(): Record<string, object> {
  const books = new Books();
  const first = new Map<string, object>();
  for (const [index, input] of story().entries()) {
    const decision = decide(books, input, policy);
    if (decision.kind !== 'decided' || decision.changes.main === null)
      throw new Error(`step ${index} was not decided: ${decision.kind}`);
    books.apply(decision.changes);
    moved.push(...decision.changes.transfers.map((transfer) => ({ ...transfer, at: input.at })));
    closed.push(...decision.changes.statements.map((one) => ({ ...one, ...NOTHING_LATE, at: input.at })));
    const writer = new EventWriter(
      mainAccountId,
      decision.changes.main,
      1,
      causeOf(input, index + 1),
      input.at,
    );
    for (const event of decision.events) {
      const sub = event.subAccountId === null ? null : (books.subAccounts.get(event.subAccountId) ?? null);
      const example = JSON.parse(writer.write(event, sub)) as { type: string };
      if (!first.has(example.type)) first.set(example.type, example);
      // The lane publishes the books behind the answer, from its tables.
      if (event.name === 'snapshot.requested')
        first.set(
          eventType('snapshot.published'),
          snapshotExample(books, event.sequence, causeOf(input, index + 1), input.at),
        );
    }
  }
  return Object.fromEntries([...EVENTS.keys()].map((type) => [type, first.get(type) ?? {}]));
}

/** A few lines of it: an example need not be long. */
function snapshotExample(books: Books, order: number, cause: Cause, at: number): object {
  if (!books.main) throw new Error('no books');
  const record = snapshotParts({
    main: books.main,
    generation: 1,
    cause,
    order,
    at,
    part: 1,
    isLast: true,
    subAccounts: [...books.subAccounts.values()],
    lines: moved.slice(0, 2),
    statements: closed.slice(0, 1),
  });
  return JSON.parse(String(record.value)) as object;
}

const written = examples();

it('the example of every event is what the ledger writes (else: RECORD_EXAMPLES=1)', () => {
  const text = `${JSON.stringify(written, null, 2)}\n`;
  if (process.env.RECORD_EXAMPLES === '1') writeFileSync(FILE, text);
  expect(readFileSync(FILE, 'utf8')).toBe(text);
});

it('happens in the story once at least', () => {
  const missing = Object.entries(written).filter(
    ([type, event]) => (event as { type?: string }).type !== type,
  );
  expect(missing).toEqual([]);
});
