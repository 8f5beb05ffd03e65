import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { STATEMENT_CSV_COLUMNS } from '@subledger/contracts';
import { eventually } from '@subledger/testing';
import { parse } from 'csv-parse/sync';
import { OPERATOR_KEY, TestGateway } from '../test-support/test-gateway.js';

const PERIOD = '2026-10';
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ CSV_DOWNLOADS: '2' });
});
afterAll(() => gateway?.stop());

const sql = (text: string, ...values: unknown[]) => gateway.database.client.query(text, values);

/** A main account whose October closed with this many sub-accounts; every third has something late. */
async function mainWith(subAccounts: number): Promise<string> {
  const main = await gateway.mainAccount();
  await sql(
    `INSERT INTO gateway.sub_account (main_account_id, id, name, password_hash)
       SELECT $1, 'sa_' || lpad(n::text, 6, '0'), 'Department' || n, '' FROM generate_series(1, $2::int) AS n`,
    main,
    subAccounts,
  );
  await sql(
    `INSERT INTO gateway.period_statement (main_account_id, period, sub_account_id, generation, sequence, closed_at, opening,
         limit_points, boost, granted, used, overage, held, returned)
       SELECT $1, $3, 'sa_' || lpad(n::text, 6, '0'), 0, n, '2026-10-31T15:00:00Z', 1000, 1000, 0, 1000, n, 0, 0, 1000 - n % 1000
       FROM generate_series(1, $2::int) AS n`,
    main,
    subAccounts,
    PERIOD,
  );
  await sql(
    `INSERT INTO gateway.period_late_fact (main_account_id, sequence, generation, period, sub_account_id, used, refunded, returned)
       SELECT $1, $2::int + n, 0, $3, 'sa_' || lpad((3 * n)::text, 6, '0'), 1250, 250, 10
       FROM generate_series(1, $2::int / 3) AS n`,
    main,
    subAccounts,
    PERIOD,
  );
  return main;
}

/** Asks again where it is refused: a download before it, that ended or was killed just now, may still count as running. */
const open = (main: string, signal?: AbortSignal): Promise<Response> =>
  eventually(
    async () => {
      const response = await fetch(`${gateway.running.url}/v1/main-accounts/${main}/periods/${PERIOD}.csv`, {
        headers: { authorization: `Bearer ${OPERATOR_KEY}` },
        ...(signal ? { signal } : {}),
      });
      if (response.status === 200) return response;
      expect([response.status, await response.text()]).toEqual([429, expect.any(String)]);
      return undefined;
    },
    { what: 'the download to be answered' },
  );

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** Bytes of buffers that are in use: what is only not collected yet depends on the moment. */
function bufferedBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test('is what RFC 4180 and Excel want, with the figures of the statement', async () => {
  const main = await mainWith(3);
  await sql(
    `UPDATE gateway.sub_account SET name = '=1+1' WHERE main_account_id = $1 AND id = 'sa_000002'`,
    main,
  );
  await sql(`DELETE FROM gateway.sub_account WHERE main_account_id = $1 AND id = 'sa_000003'`, main);
  const response = await open(main);
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(response.headers.get('content-disposition')).toBe(
    `attachment; filename="statement-${main}-${PERIOD}.csv"`,
  );
  const text = Buffer.from(await response.arrayBuffer()).toString('utf8');
  expect(text.startsWith(`\ufeff${STATEMENT_CSV_COLUMNS.join(',')}\r\n`)).toBe(true);
  expect(text.endsWith('\r\n')).toBe(true);
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  const rows = parse(text, { columns: true, bom: true }) as Record<string, string>[];
  expect(rows.map((row) => row.SUBACCOUNT)).toEqual(['Department1', "'=1+1", 'sa_000003']);
  expect(rows[2]).toEqual({
    SUBACCOUNT: 'sa_000003',
    'SUBACCOUNT ID': 'sa_000003',
    PERIOD: `'${PERIOD}`,
    'CLOSED AT': '2026-11-01 00:00:00+09:00',
    ...{ OPENING: '1', LIMIT: '1', BOOST: '0', GRANTED: '1', USED: '0.003', OVERAGE: '0', HELD: '0' },
    ...{
      RETURNED: '0.997',
      REMAINING: '0',
      'LATE USED': '1.25',
      'LATE REFUNDED': '0.25',
      'LATE RETURNED': '0.01',
    },
  });
  expect((await gateway.call('HEAD', `/v1/main-accounts/${main}/periods/${PERIOD}.csv`)).body).toBe('');
  const openPeriod = await gateway.call('GET', `/v1/main-accounts/${main}/periods/2026-11.csv`);
  expect(openPeriod.body.replace('\ufeff', '')).toBe(`${STATEMENT_CSV_COLUMNS.join(',')}\r\n`);
});

test('pages come to the same lines and totals', async () => {
  const main = await mainWith(250);
  const seen: string[] = [];
  let cursor: string | null = '';
  let totals = null;
  while (cursor !== null) {
    const path = `/v1/main-accounts/${main}/periods/${PERIOD}?limit=100${cursor && `&cursor=${cursor}`}`;
    const { body } = await gateway.call('GET', path);
    seen.push(...body.items.map((line: { subAccountId: string }) => line.subAccountId));
    totals = body.totals;
    cursor = body.nextCursor;
  }
  expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => `sa_${String(index + 1).padStart(6, '0')}`));
  expect(totals).toMatchObject({ subAccounts: 250, limit: '250', used: '31.375', lateUsed: '103.75' });
  expect(
    (await gateway.call('GET', `/v1/main-accounts/${main}/periods/2026-11?cursor=${seen[0]}`)).status,
  ).toBe(422);
});

describe('of very many sub-accounts', () => {
  let main: string;
  beforeAll(async () => {
    main = await mainWith(100_000);
    // Long ones, so that the file is larger than all buffers on its way.
    await sql(
      `UPDATE gateway.sub_account SET name = name || repeat('x', 600) WHERE main_account_id = $1`,
      main,
    );
  });
  const working = async () => {
    const { rows } = await sql(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gateway-csv'
        AND query LIKE 'COPY%' AND state = 'active'`,
    );
    return rows.map((row) => row.pid as number);
  };

  test('waits for its reader instead of gathering the file, and comes whole', async () => {
    const before = bufferedBytes();
    const reader = ((await open(main)).body as ReadableStream<Uint8Array>).getReader();
    const first = (await reader.read()).value as Uint8Array;
    await eventually(async () => {
      const { rows } = await sql(
        `SELECT wait_event FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'
          AND application_name = 'gateway-csv' AND state = 'active'`,
      );
      return rows[0]?.wait_event === 'ClientWrite';
    });
    // Nobody reads, so what is held now is what there is on the way (16 MB were seen): not half the file.
    expect(bufferedBytes() - before).toBeLessThan(32_000_000);
    let bytes = 0;
    let lines = 0;
    for (let chunk: Uint8Array | undefined = first; chunk; chunk = (await reader.read()).value) {
      bytes += chunk.length;
      for (const byte of chunk) if (byte === 10) lines += 1;
    }
    expect(lines).toBe(100_001);
    expect(bytes).toBeGreaterThan(60_000_000);
  });

  test('a query that is killed breaks the transfer off; a reader that goes away ends the query', async () => {
    const reader = ((await open(main)).body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    // The header comes before the query runs.
    const pid = await eventually(async () => (await working())[0]);
    await sql('SELECT pg_terminate_backend($1)', pid);
    const rest = async () => {
      while (!(await reader.read()).done);
    };
    await expect(rest()).rejects.toThrow();

    const abort = new AbortController();
    const second = ((await open(main, abort.signal)).body as ReadableStream<Uint8Array>).getReader();
    await second.read();
    await eventually(async () => (await working()).length === 1);
    abort.abort();
    await eventually(async () => (await working()).length === 0);
  });
});
