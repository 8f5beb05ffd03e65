import { expect, it } from '@jest/globals';
import { DEAD_LETTER_REASONS, REJECTION_CODES } from '@subledger/contracts/vocabulary';
import type { CommandName, LedgerPolicy } from '../input.js';
import { Judge } from './judge.js';
import { instantMs, type MainOptions, Scenario, written } from './scenario.js';

/**
 * One step on the books.
 * @returns the name of its outcome
 */
export type Step = (books: Scenario) => string;

/** One case. Default: a prepay main account with 1,000 points. A row shows only what differs. */
export interface Row {
  readonly name: string;
  /** Null: there are no books. */
  readonly main?: MainOptions | null;
  readonly given?: readonly Step[];
  readonly when: Step;
  readonly outcome: string;
  /** The main account afterwards. */
  readonly books?: Record<string, unknown>;
  /** `sa_1` afterwards. */
  readonly sub?: Record<string, unknown>;
  /** Other sub-accounts afterwards, by id. */
  readonly subs?: Record<string, Record<string, unknown>>;
  readonly refusal?: Record<string, unknown>;
  /** Detail of the dead letter. */
  readonly deadLetter?: unknown;
  /** Names of all its events, in order. */
  readonly events?: readonly string[];
  /** All its transfers, in order, as `main → sub:sa_1 100`. */
  readonly moves?: readonly string[];
  /** Detail of the event with that name. */
  readonly detail?: readonly [event: string, fields: Record<string, unknown>];
  /** Charge of message `m1` afterwards. */
  readonly charge?: Record<string, unknown>;
  /** Hold of message `m1` afterwards. Null: there is none. */
  readonly hold?: Record<string, unknown> | null;
  /** All statements that it closes, complete and in order. `of` is the sub-account. */
  readonly statements?: readonly Record<string, unknown>[];
  /** All late entries that it makes, complete and in order. */
  readonly late?: readonly Record<string, unknown>[];
}

const takesSub = (name: CommandName) => /^(sub-account\.|limit\.|hold\.place$)/.test(name);

/** A command. Its default sub-account is `sa_1`, its default message `m1`. */
export const run =
  (name: CommandName, data: object = {}): Step =>
  (books) =>
    books.run(name, {
      ...(takesSub(name) ? { subAccountId: 'sa_1' } : {}),
      ...(name.startsWith('hold.') ? { messageId: 'm1' } : {}),
      ...data,
    });
export const opened = (limit: string, subAccountId = 'sa_1', priority?: number): Step =>
  run('sub-account.open', { subAccountId, limit, ...(priority === undefined ? {} : { priority }) });
export const sent =
  (points: string, messageId = 'm1', over: { sub?: string; sentAt?: string } = {}): Step =>
  (books) =>
    books.sent(messageId, points, {
      ...(over.sub ? { sub: over.sub } : {}),
      ...(over.sentAt ? { sentAt: instantMs(over.sentAt) } : {}),
    });
export const refunded =
  (points: string, refundId = 'r1', messageId = 'm1'): Step =>
  (books) =>
    books.refunded(refundId, messageId, points);
/** Sets the clock and rolls the months that it passed. */
export const later =
  (iso: string): Step =>
  (books) => {
    books.now = instantMs(iso);
    books.rollDue();
    return 'later';
  };
/** Sets the clock only. The next input rolls the months that it passed, as in the pipeline. */
export const clock =
  (iso: string): Step =>
  (books) => {
    books.now = instantMs(iso);
    return 'clock set';
  };
export const policy =
  (over: Partial<LedgerPolicy>): Step =>
  (books) => {
    books.policy = { ...books.policy, ...over };
    return 'policy set';
  };

const UNEXPECTED: readonly string[] = [...REJECTION_CODES, ...DEAD_LETTER_REASONS, 'duplicate'];

const movesOf = (books: Scenario): string[] =>
  books.events
    .flatMap(({ transfers }) => transfers)
    .sort((a, b) => a.sequence - b.sequence)
    .map((move) => `${move.from} → ${move.to} ${written({ amount: move.amount }).amount}`);

function judgeRow(row: Row): void {
  const books = new Scenario(row.main === undefined ? { balance: '1000' } : row.main, new Judge().act);
  for (const [index, step] of (row.given ?? []).entries()) {
    const outcome = step(books);
    if (UNEXPECTED.includes(outcome)) throw new Error(`step ${index + 1} of the setting: ${outcome}`);
  }
  expect(row.when(books)).toBe(row.outcome);
  if (row.books) expect(books.main()).toMatchObject(row.books);
  for (const [id, fields] of Object.entries({ ...(row.sub ? { sa_1: row.sub } : {}), ...row.subs }))
    expect({ id, ...books.sub(id) }).toMatchObject(fields);
  if (row.refusal) expect(books.refusal).toMatchObject(row.refusal);
  if (row.deadLetter) expect(books.deadLetter).toEqual(row.deadLetter);
  if (row.events) expect(books.events.map(({ name }) => name)).toEqual(row.events);
  if (row.moves) expect(movesOf(books)).toEqual(row.moves);
  if (row.detail) {
    const event = books.events.find(({ name }) => name === row.detail?.[0]);
    expect(written(event?.detail ?? {})).toMatchObject(row.detail[1]);
  }
  if (row.charge) expect(written(books.books.charges.get('m1') ?? {})).toMatchObject(row.charge);
  if (row.statements) expect(books.statements).toEqual(row.statements);
  if (row.late) expect(books.lateEntries).toEqual(row.late);
  if (row.hold === null) expect(books.books.holds.has('m1')).toBe(false);
  if (row.hold) expect(written(books.books.holds.get('m1') ?? {})).toMatchObject(row.hold);
}

/** A test per row. The auditor checks each step too. */
export function table(rows: readonly Row[]): void {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_, row) => judgeRow(row));
}
