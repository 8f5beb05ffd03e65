import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { PLAIN, REINTERPRETED } from '../test-support/odd-cells.js';
import { guarded } from './csv-guard.js';

const client = new pg.Client(process.env.TEST_DATABASE_URL);
beforeAll(() => client.connect());
afterAll(() => client.end());

async function guard(texts: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ cell: string }>(
    `SELECT ${guarded('x.cell')} AS cell FROM unnest($1::text[]) WITH ORDINALITY AS x (cell, i) ORDER BY i`,
    [texts],
  );
  return rows.map(({ cell }) => cell);
}

describe('an apostrophe goes before', () => {
  test.each(Object.entries(REINTERPRETED))('%s', async (_why, texts) => {
    expect(await guard(texts)).toEqual(texts.map((text) => `'${text}`));
  });

  test('nothing else', async () => {
    expect(await guard(PLAIN)).toEqual(PLAIN);
  });

  test('for any text: without one apostrophe it is the original, and no formula is left', async () => {
    const unit = fc.oneof(
      fc.constantFrom(...'=+-@＝＋－＠\'"\t \u3000\u00a0\u200b\ufeff0159/:.,eE年月'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    );
    const text = fc
      .string({ unit, maxLength: 12 })
      .map((each) => each.replaceAll('\u0000', '').toWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 200 }), async (texts) => {
        const cells = await guard(texts);
        expect(cells.map((cell) => cell.replace(/^'/, ''))).toEqual(texts);
        expect(cells.filter((cell) => /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u.test(cell))).toEqual([]);
        expect(cells.filter((cell) => /^[\s\p{Nd}]*\p{Nd}[\s\p{Nd}]*$/u.test(cell))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
