import type { AddressInfo } from 'node:net';
import { createPool } from '@subledger/database';
import Fastify from 'fastify';

/**
 * The floor of the gateway's reads, in its own process like the gateway: a bare Fastify route that runs the one SQL
 * statement of the answer and sends the same JSON, without authentication, validation or metrics.
 */
export const BARE_HTTP = 'bare-http';

/** The same number as in the gateway. */
const CONNECTIONS = 12;

interface Row {
  readonly id: string;
  readonly name: string;
  readonly sender_numbers: string[];
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly status: string;
  readonly period: string;
  readonly limit_points: bigint;
  readonly next_limit: bigint | null;
  readonly boost: bigint;
  readonly granted: bigint;
  readonly used: bigint;
  readonly overage: bigint;
  readonly held: bigint;
  readonly remaining: bigint;
  readonly shortfall: bigint;
  readonly priority: number;
}

const SELECT = `
  SELECT s.id, s.name, s.sender_numbers, s.created_at, greatest(s.updated_at, st.at) AS updated_at, st.period,
         CASE WHEN st.lifecycle <> 'active' THEN st.lifecycle WHEN ms.suspended THEN 'suspended'
              WHEN st.paused THEN 'paused' WHEN st.shortfall > 0 AND st.remaining = 0 THEN 'unfunded'
              ELSE 'active' END AS status,
         st.limit_points, st.next_limit, st.boost, st.granted, st.used, st.overage, st.held, st.remaining,
         st.shortfall, st.priority
    FROM sub_account s
    JOIN sub_account_state st ON st.main_account_id = s.main_account_id AND st.sub_account_id = s.id
    JOIN main_account_state ms ON ms.main_account_id = s.main_account_id
   WHERE s.main_account_id = $1`;

/** Runs until SIGTERM. Reads DATABASE_URL. */
export async function runBareHttp(): Promise<void> {
  const { DATABASE_URL: url = '' } = process.env;
  const pool = createPool({ url, schema: 'gateway', applicationName: BARE_HTTP, max: CONNECTIONS });
  const fastify = Fastify();
  fastify.get<{ Params: { main: string }; Querystring: { after?: string; limit: string } }>(
    '/:main',
    async ({ params, query: { after = '', limit } }) => {
      const { rows } = await pool.query<Row>({
        name: 'list',
        text: `${SELECT} AND st.lifecycle <> 'deleted' AND s.id > $2 ORDER BY s.id LIMIT $3`,
        values: [params.main, after, Number(limit) + 1],
      });
      const shown = rows.slice(0, Number(limit));
      const last = rows.length > shown.length ? shown.at(-1) : undefined;
      return { items: shown.map(toView), nextCursor: last === undefined ? null : cursorOf(last.id) };
    },
  );
  fastify.get<{ Params: { main: string; sub: string } }>('/:main/:sub', async ({ params: { main, sub } }) => {
    const { rows } = await pool.query<Row>({
      name: 'one',
      text: `${SELECT} AND s.id = $2`,
      values: [main, sub],
    });
    return toView(rows[0] as Row);
  });
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  process.send?.({ type: 'ready', gateway: (fastify.server.address() as AddressInfo).port });
  await new Promise((resolve) => process.once('SIGTERM', resolve));
  await fastify.close();
  await pool.end();
  process.disconnect?.();
}

const cursorOf = (id: string): string =>
  Buffer.from(JSON.stringify(['sub-accounts:createdAt', id, id])).toString('base64url');

function toView(row: Row) {
  return {
    id: row.id,
    name: row.name,
    status: row.status,
    period: row.period,
    limit: points(row.limit_points),
    nextLimit: row.next_limit === null ? null : points(row.next_limit),
    boost: points(row.boost),
    granted: points(row.granted),
    used: points(row.used),
    overage: points(row.overage),
    held: points(row.held),
    remaining: points(row.remaining),
    shortfall: points(row.shortfall),
    priority: row.priority,
    senderNumbers: row.sender_numbers,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

/** Of millipoints; nothing here is negative. */
function points(millipoints: bigint): string {
  const fraction = String(millipoints % 1_000n)
    .padStart(3, '0')
    .replace(/0+$/, '');
  return `${millipoints / 1_000n}${fraction === '' ? '' : `.${fraction}`}`;
}
