import { describe, expect, test } from '@jest/globals';
import type { Outcome } from './operation.js';
import { encodeNotice, encodeOutcomes, isUnnamed, type OutcomeNotice } from './outcome-notice.js';

/** What PostgreSQL refuses as a payload. */
const TOO_LARGE = 8_000;
const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  event: 'limit.changed',
  generation: 0,
  sequence: 7,
  ...more,
});
const decoded = (texts: readonly string[]) => texts.map((text) => JSON.parse(text) as OutcomeNotice);

describe('encodeOutcomes', () => {
  test('contains all outcomes, in as many notices as their sizes need', () => {
    const ended = Array.from({ length: 300 }, (_, i) => ({ id: `op_${i}`, outcome: outcome() }));
    const direct = Array.from({ length: 200 }, (_, i) => ({
      mainAccountId: 'ma_1',
      commandId: `direct_${i}`,
      outcome: outcome(),
    }));
    const texts = encodeOutcomes({ direct, ended });
    for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(TOO_LARGE);
    const notices = decoded(texts);
    expect(notices.flatMap((notice) => notice.ended ?? [])).toEqual(ended);
    expect(notices.flatMap((notice) => notice.direct ?? [])).toEqual(direct);
    expect(notices.some(isUnnamed)).toBe(false);
  });

  test('names an operation whose outcome is too large, so that its request looks it up', () => {
    const blockers = Array.from({ length: 400 }, (_, i) => `sa_${'日'.repeat(10)}${i}`);
    const large = { id: 'op_large', outcome: outcome({ code: 'sub-accounts-active', blockers }) };
    const small = { id: 'op_small', outcome: outcome() };
    expect(decoded(encodeOutcomes({ direct: [], ended: [large, small] }))).toEqual([
      { ended: [small] },
      { done: ['op_large'] },
    ]);
  });

  test('is absent without outcomes', () => {
    expect(encodeOutcomes({ direct: [], ended: [] })).toEqual([]);
  });
});

test('operations that are too many to name make everyone look', () => {
  const done = Array.from({ length: 400 }, (_, i) => `op_00000000-0000-7000-8000-${i}`);
  const [notice] = decoded([encodeNotice({ done, send: true })]);
  expect(notice).toEqual({ send: true });
  expect(isUnnamed(notice ?? {})).toBe(true);
});
