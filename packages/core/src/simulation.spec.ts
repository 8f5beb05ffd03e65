import { describe, expect, it } from '@jest/globals';
import { REJECTION_CODES } from '@subledger/contracts/vocabulary';
import fc from 'fast-check';
import { Books } from './books.js';
import { textOf } from './testing/check.js';
import { Judge } from './testing/judge.js';
import { type Act, decideAndApply, Scenario } from './testing/scenario.js';
import { workload } from './testing/workload.js';

/** `SEED=… RUNS=…` replay or lengthen the simulation; fast-check prints the seed and the shortest failing run. */
const env = (globalThis as unknown as { process?: { env: Record<string, string | undefined> } }).process?.env;
const SEED = Number(env?.SEED ?? 20_261_123);
const RUNS = Number(env?.RUNS ?? 300);

type Run = typeof workload extends fc.Arbitrary<infer Value> ? Value : never;

function play(
  { opening, actions, maxSubAccounts, allowEarlyRoll }: Run,
  act: Act,
  seen: (name: string) => void,
) {
  const books = new Scenario(null, act);
  books.policy = { maxSubAccounts, allowEarlyRoll };
  for (const { step } of [...opening, ...actions]) {
    seen(step(books));
    for (const { name } of books.events) seen(name);
  }
  return books.books;
}
const rowsOf = (books: Books) =>
  textOf([
    books.main,
    ...[books.subAccounts, books.holds, books.charges, books.refunds].map((map) => [...map]),
  ]);

/** Books as a restarted service loads them: from rows alone, nothing remembered. */
const reloaded = (books: Books): Books => {
  const fresh = new Books(
    books.main && { ...books.main },
    [...books.subAccounts.values()].map((sub) => ({ ...sub })),
  );
  for (const name of ['holds', 'charges', 'refunds'] as const)
    for (const [id, row] of books[name]) (fresh[name] as Map<string, object>).set(id, { ...row });
  return fresh;
};
const fromRows: Act = (books, input, policy) => {
  const decision = decideAndApply(reloaded(books), input, policy);
  if (decision.kind === 'decided') books.apply(decision.changes);
  return decision;
};

/** What the pipeline refuses before the core is asked. */
const OUTSIDE = ['invalid-command', 'idempotency-conflict'];

describe('any sequence of commands, facts and months', () => {
  const counts = new Map<string, number>();

  it('keeps the books in the auditor’s eyes, after every step', () => {
    fc.assert(
      fc.property(workload, (run) => {
        play(run, new Judge().act, (name) => counts.set(name, (counts.get(name) ?? 0) + 1));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('reached every refusal, every reason and every event', () => {
    const wanted = [
      ...REJECTION_CODES.filter((code) => !OUTSIDE.includes(code)),
      ...[
        'unknown-main-account',
        'unknown-sub-account',
        'sent-in-future',
        'unknown-message',
        'conflicting-duplicate',
      ],
      ...[
        'duplicate',
        'message.charged',
        'limit.exceeded',
        'message.credited',
        'hold.placed',
        'hold.released',
      ],
      ...[
        'period.rolled',
        'period.already-rolled',
        'sub-account.rolled',
        'sub-account.funded',
        'plan.switched',
      ],
      ...[
        'sub-account.reactivated',
        'sub-account.deleted',
        'limit.boosted',
        'limit.changed',
        'points.adjusted',
      ],
      ...['feature.deactivated', 'main-account.configured'],
    ];
    if (env?.STATISTICS) throw new Error(textOf(Object.fromEntries([...counts].sort((a, b) => a[1] - b[1]))));
    expect(wanted.filter((name) => !counts.has(name))).toEqual([]);
  });

  it('is deterministic: the same inputs on books loaded anew each time end in the same rows', () => {
    fc.assert(
      fc.property(workload, (run) => {
        const ignore = () => undefined;
        expect(rowsOf(play(run, fromRows, ignore))).toBe(rowsOf(play(run, decideAndApply, ignore)));
      }),
      { seed: SEED, numRuns: Math.ceil(RUNS / 5) },
    );
  });
});
