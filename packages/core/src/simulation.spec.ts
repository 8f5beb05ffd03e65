import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Books } from './books.js';
import { decide } from './decide.js';
import { equal, textOf } from './testing/check.js';
import { Judge } from './testing/judge.js';
import { examplesOf, REACHABLE } from './testing/reach.js';
import { type Act, decideAndApply, Scenario } from './testing/scenario.js';
import { workload } from './testing/workload.js';

/**
 * `SEED=… RUNS=…` replay or lengthen the simulation; fast-check prints the seed and the shortest failing run.
 * `STATISTICS=1` shows how often everything was reached.
 */
const env = (globalThis as unknown as { process?: { env: Record<string, string | undefined> } }).process?.env;
const SEED = Number(env?.SEED ?? 20_261_123);
const RUNS = Number(env?.RUNS ?? 300);
/** Mutants need no shortest failing run. */
const endOnFailure = env?.END_ON_FAILURE === '1';

type Run = typeof workload extends fc.Arbitrary<infer Value> ? Value : never;

function play({ opening, actions, maxSubAccounts, allowEarlyRoll }: Run, act: Act): void {
  const books = new Scenario(null, act);
  books.policy = { ...books.policy, maxSubAccounts, allowEarlyRoll };
  for (const { step } of [...opening, ...actions]) step(books);
}

/** Books as a restarted service loads them: from rows alone, in another order, nothing remembered. */
const reloaded = (books: Books): Books => {
  const fresh = new Books(
    books.main && { ...books.main },
    [...books.subAccounts.values()].map((sub) => ({ ...sub })).reverse(),
  );
  for (const name of ['holds', 'charges', 'refunds', 'references'] as const)
    for (const [id, row] of books[name]) (fresh[name] as Map<string, object>).set(id, { ...row });
  return fresh;
};
const fromRows: Act = (books, input, policy) => {
  const decision = decide(reloaded(books), input, policy);
  equal(textOf(decision), textOf(decideAndApply(books, input, policy)), 'the decision from rows alone');
  return decision;
};

describe('any sequence of commands, facts and months', () => {
  const counts = new Map<string, number>();

  it('keeps the books in the auditor’s eyes, after every step', () => {
    fc.assert(
      fc.property(workload, (run) => {
        const judge = new Judge();
        play(run, (books, input, policy) => {
          const decision = judge.act(books, input, policy);
          for (const name of examplesOf(input, decision)) counts.set(name, (counts.get(name) ?? 0) + 1);
          return decision;
        });
      }),
      { seed: SEED, numRuns: RUNS, endOnFailure },
    );
  });

  it('reached every command, refusal, event and reason, and no refusal that the rules do not name', () => {
    if (env?.STATISTICS) throw new Error(textOf(Object.fromEntries([...counts].sort((a, b) => a[1] - b[1]))));
    // Fewer runs need not reach the rarest.
    if (RUNS >= 300) expect([...counts.keys()].sort()).toEqual(REACHABLE);
  });

  it('is deterministic: books reloaded before each step, in another order of rows, give the same decisions', () => {
    fc.assert(
      fc.property(workload, (run) => {
        play(run, fromRows);
      }),
      { seed: SEED, numRuns: Math.ceil(RUNS / 5), endOnFailure },
    );
  });
});
