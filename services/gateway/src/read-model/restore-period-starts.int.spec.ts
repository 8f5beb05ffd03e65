import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPool, withTransaction } from '@subledger/database';
import { TestGateway } from '../test-support/test-gateway.js';
import { restorePeriodStarts } from './restore-period-starts.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start();
});
afterAll(() => gateway?.stop());

const sql = (text: string, values: unknown[] = []) => gateway.database.client.query(text, values);

/** Kind, period, main's balance in millipoints (null where it does not touch main); a number is left out where null. */
type Line = readonly [kind: string, period: string, mainBalance: number | null] | null;

let mains = 0;
/** A main account that was made in November and is in January, with these lines. */
async function lined(lines: readonly Line[]): Promise<string> {
  mains += 1;
  const id = `ma_turn${mains}`;
  const template = await gateway.mainAccount('1');
  await sql(
    `INSERT INTO gateway.main_account SELECT (jsonb_populate_record(m, $2)).* FROM gateway.main_account m WHERE id = $1`,
    [template, JSON.stringify({ id, login_key: id, created_at: '2026-10-31T15:00:00Z' })],
  );
  const sums = lines.length > 0 ? {} : { balance: 0, purchased: 0 };
  await sql(
    `INSERT INTO gateway.main_account_state SELECT (jsonb_populate_record(m, $2)).*
      FROM gateway.main_account_state m WHERE main_account_id = $1`,
    [template, JSON.stringify({ main_account_id: id, period: '2027-01', sequence: 500, ...sums })],
  );
  for (const [index, line] of lines.entries()) {
    if (!line) continue;
    const [kind, period, balance] = line;
    const sequence = index + 1;
    await sql(
      `INSERT INTO gateway.transfer (main_account_id, sequence, generation, at, kind, from_kind, to_kind, millipoints,
        main_balance, main_line, period, reference) VALUES ($1, $2, 0, now(), $3, 'x', 'y', 1, $4, $5, $6, '')`,
      [id, sequence, kind, balance, balance === null ? null : sequence, period],
    );
  }
  return id;
}

async function turnsOf(main: string, position = { generation: 0, sequence: 400 }) {
  const pool = createPool({ url: gateway.database.url, schema: 'gateway', applicationName: 'suite', max: 1 });
  try {
    await withTransaction(pool, (client) =>
      restorePeriodStarts(client, { mainAccountId: main, ...position }),
    );
  } finally {
    await pool.end();
  }
  const { rows } = await sql(
    'SELECT period, balance FROM gateway.period_start WHERE main_account_id = $1 ORDER BY period',
    [main],
  );
  return Object.fromEntries(rows.map(({ period, balance }) => [period, balance && Number(balance)]));
}

const N = '2026-11';
const D = '2026-12';
const J = '2027-01';
type ConcurrencyLimiter = Record<string, number | null>;
test.each<[string, readonly Line[], ConcurrencyLimiter]>([
  ['no lines at all', [], { [N]: 0, [D]: 0, [J]: 0 }],
  [
    'returns, then grants',
    [
      ...([
        ['purchase', N, 9],
        ['limit-grant', N, 5],
        ['message-charge', N, null],
      ] as const),
      ...([
        ['month-return', N, 6],
        ['month-return', N, 8],
        ['limit-grant', D, 4],
      ] as const),
      ...([
        ['month-return', D, 7],
        ['limit-grant', J, 1],
      ] as const),
    ],
    { [N]: 0, [D]: 8, [J]: 7 },
  ],
  [
    'returns without grants, and something late before the first line of the new period',
    [
      ['purchase', N, 9],
      ['month-return', N, 8],
      ['message-overage', N, 5],
      ['purchase', D, 15],
    ],
    { [N]: 0, [D]: 8, [J]: 15 },
  ],
  [
    'nothing to return, and a move that only the open period has before the new lines',
    [
      ['purchase', N, 9],
      ['hold-placement', N, null],
      ['limit-grant', D, 4],
      ['purchase', D, 6],
    ],
    { [N]: 0, [D]: 9, [J]: 6 },
  ],
  [
    'nothing to return, and a move before the new lines that may have come late',
    [
      ['purchase', N, 9],
      ['message-overage', N, 4],
      ['purchase', D, 6],
    ],
    { [N]: 0, [D]: null, [J]: 6 },
  ],
  [
    'no line of the new period: the last move may have come late',
    [
      ['purchase', N, 9],
      ['refund', N, 10],
    ],
    { [N]: 0, [D]: null, [J]: null },
  ],
  [
    'a line is missing that may be the last return',
    [['purchase', N, 9], ['month-return', N, 8], null, ['limit-grant', D, 4]],
    { [N]: 0, [D]: null, [J]: 4 },
  ],
  [
    'lines of detached months are missing',
    [null, null, ['purchase', D, 9], ['month-return', D, 12]],
    { [N]: null, [D]: null, [J]: 12 },
  ],
])('begins of periods: %s', async (_, lines, turns) => {
  expect(await turnsOf(await lined(lines))).toEqual(turns);
});

test('rows of events since the first part stay, older ones and impossible ones do not', async () => {
  const main = await lined([['purchase', N, 9]]);
  const rows = [
    [N, 0, 399],
    [D, 0, 450],
    [J, 0, 501],
  ] as const;
  for (const [period, generation, sequence] of rows)
    await sql('INSERT INTO gateway.period_start VALUES ($1, $2, $3, $4, now(), 77)', [
      ...[main, period, generation, sequence],
    ]);
  expect(await turnsOf(main)).toEqual({ [N]: 0, [D]: 77, [J]: 9 });
});
