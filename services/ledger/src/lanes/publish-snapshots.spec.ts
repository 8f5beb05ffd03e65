import { describe, expect, it } from '@jest/globals';
import { EVENTS } from '@subledger/contracts';
import { Books, type Command, decide, type SubAccount, wholePoints, ZERO } from '@subledger/core';
import type { OutgoingRecord } from '@subledger/kafka';
import type { StoredStatement, StoredTransfer } from '@subledger/wire';
import type { LaneMemory } from '../pipeline/lane-memory.js';
import type { TaskContext } from './lane-ports.js';
import { PublishSnapshots } from './publish-snapshots.js';

const at = Date.parse('2026-11-23T09:00:00Z');
const PER_PART = 3;
/** Rows that one step reads of a kind: five parts of them. */
const PAGE = 5 * PER_PART;

/** Books with a main account and a template of everything else. */
function template() {
  const books = new Books();
  const run = (name: Command['name'], data: object) => {
    const command = { kind: 'command', name, mainAccountId: 'ma_1', at, data } as unknown as Command;
    const decision = decide(books, command, {
      maxSubAccounts: 10,
      maxMessagePoints: wholePoints(10_000),
      allowEarlyRoll: true,
    });
    if (decision.kind !== 'decided') throw new Error('not decided');
    books.apply(decision.changes);
    return decision.changes;
  };
  const fundingPolicy = 'full';
  run('main-account.open', { plan: 'prepay', timeZone: 'UTC', creditLimit: ZERO, fundingPolicy });
  run('points.purchase', { points: wholePoints(10), reference: '' });
  run('feature.activate', {});
  const { transfers } = run('sub-account.open', { subAccountId: 'sa_1', limit: wholePoints(1) });
  const { statements } = run('period.roll', { period: '2026-12' });
  return {
    main: books.main,
    sub: books.subAccounts.get('sa_1'),
    transfer: transfers[0],
    statement: statements[0],
  };
}

const { main, sub, transfer, statement } = template();
const late = { lateUsed: ZERO, lateRefunded: ZERO, lateReturned: ZERO };
const id = (n: number) => `sa_${String(n).padStart(5, '0')}`;
const many = <Row>(count: number, row: (n: number) => object) =>
  Array.from({ length: count }, (_, n) => row(n + 1) as Row);

/** A store with so many rows of each kind; `reads` counts its queries. */
function storeOf(counts: { subs: number; lines: number; statements: number }) {
  const subs = many<SubAccount>(counts.subs, (n) => ({ ...sub, id: id(n) }));
  const lines = many<StoredTransfer>(counts.lines, (n) => ({ ...transfer, sequence: n, at }));
  const statements = many<StoredStatement>(counts.statements, (n) => ({
    ...statement,
    ...late,
    subAccountId: id(n),
    at,
  }));
  return {
    loadMain: async () => main ?? undefined,
    subAccountsPage: async (_: string, after: string, max: number) =>
      subs.filter((one) => one.id > after).slice(0, max),
    transfersPage: async (_: string, after: number, max: number) =>
      lines.filter((one) => one.sequence > after).slice(0, max),
    statementsPage: async (_: string, after: { subAccountId: string; period: string }, max: number) =>
      statements
        .filter(
          (one) => `${one.subAccountId} ${one.closing.period}` > `${after.subAccountId} ${after.period}`,
        )
        .slice(0, max),
  };
}

async function stateAll(
  counts: { subs: number; lines: number; statements: number },
  history: boolean,
  orders = 1,
) {
  const cause = { kind: 'command', id: 'c1', type: 'subledger.snapshot.request.v1' } as const;
  const order = { mainAccountId: 'ma_1', history, cause, sequence: 7, at };
  const task = new PublishSnapshots(storeOf(counts), () => at, PER_PART);
  for (let n = 0; n < orders; n += 1) task.add({ ...order, sequence: order.sequence + n });
  const rests: number[] = [];
  const perStep: number[] = [];
  const values: { id: string; type: string; data: Record<string, unknown> }[] = [];
  const context = {
    memory: { lease: { lane: 0, epoch: 1n, generation: 4 }, laneSequence: 9n } as LaneMemory,
    publish: ({ records }: { records: readonly unknown[] }) => {
      perStep.push(records.length);
      for (const { value } of records as OutgoingRecord[]) values.push(JSON.parse(String(value)));
    },
    published: async () => undefined,
    waiting: 0,
  } as TaskContext;
  for (let steps = 0; steps < 100; steps += 1) {
    const isDone = await task.step(context);
    rests.push(task.dueAt - at);
    if (isDone) return { parts: values.map(({ data }) => data), values, perStep, rests };
  }
  throw new Error('it does not end');
}

describe('books once more', () => {
  const SIZES = [0, 1, PER_PART, PER_PART + 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE];
  const cases = SIZES.flatMap((subs) =>
    SIZES.map((lines) => ({ subs, lines, statements: (subs + lines) % 20 })),
  );

  it.each(cases)(
    'has each of $subs sub-accounts, $lines transfers, $statements statements once',
    async (counts) => {
      const { parts, perStep } = await stateAll(counts, true);
      const all = (name: string) => parts.flatMap((data) => data[name] as Record<string, unknown>[]);
      const ids = (count: number) => Array.from({ length: count }, (_, n) => id(n + 1));
      expect(all('subAccounts').map(({ subAccountId }) => subAccountId)).toEqual(ids(counts.subs));
      expect(all('lines').map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: counts.lines }, (_, n) => n + 1),
      );
      expect(all('statements').map(({ subAccountId }) => subAccountId)).toEqual(ids(counts.statements));
      expect(parts.map(({ part }) => part)).toEqual(parts.map((_, index) => index + 1));
      expect(parts.map(({ isLast }) => isLast)).toEqual(parts.map((_, index) => index === parts.length - 1));
      for (const data of parts)
        for (const name of ['subAccounts', 'lines', 'statements'])
          expect((data[name] as object[]).length).toBeLessThanOrEqual(PER_PART);
      expect(Math.max(...perStep)).toBeLessThanOrEqual(5);
    },
  );

  it('keeps its contract, and names order and part in its id', async () => {
    const { values } = await stateAll({ subs: 4, lines: 2, statements: 1 }, true);
    expect(values.map((value) => value.id)).toEqual(['ma_1.4.7-1', 'ma_1.4.7-2']);
    for (const value of values)
      expect(EVENTS.get(value.type)?.schema.safeParse(value).error?.issues).toBeUndefined();
    expect(values[0]?.data).toMatchObject({ generation: 4, sequence: main?.sequence, transfers: [] });
  });

  it('takes one order after the other, and rests after each step for as long as its parts ask for', async () => {
    const { values, perStep, rests } = await stateAll({ subs: PAGE + 1, lines: 0, statements: 0 }, true, 2);
    expect(perStep).toEqual([5, 1, 5, 1]);
    expect(rests).toEqual([200, 40, 200, 40]);
    expect(values.map((value) => value.id.split('.').at(-1))).toEqual(
      ['7', '8'].flatMap((order) => [1, 2, 3, 4, 5, 6].map((part) => `${order}-${part}`)),
    );
  });

  it('leaves the history out if it is not requested', async () => {
    const { parts } = await stateAll({ subs: 4, lines: 40, statements: 40 }, false);
    expect(
      parts.map((data) => [data.subAccounts, data.lines, data.statements].map((rows) => (rows as []).length)),
    ).toEqual([
      [3, 0, 0],
      [1, 0, 0],
    ]);
  });
});
