import { isDeepStrictEqual } from 'node:util';
import { createPool } from '@subledger/database';
import { newMainAccountId, newSubAccountId } from '@subledger/testing';
import type { Pool } from 'pg';
import { BARE_HTTP } from './bare-http.js';
import { type ClosedLoop, requestsPerSecond } from './closed-loop.js';
import { addressOf, type BenchEnvironment, OPERATOR_KEY } from './environment.js';
import { ratio, rounded } from './figures.js';
import type { RunningService } from './service-process.js';
import { GATEWAY } from './settings.js';

const HEADERS = { authorization: `Bearer ${OPERATOR_KEY}` };
/** Before the first measured round, for both. */
const WARM_UP_SECONDS = 3;

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

/** The requests of one side: pages of the list, and single sub-accounts. */
interface Side {
  readonly process: RunningService;
  readonly list: string[];
  readonly one: string[];
}

export interface Reads {
  readonly requestsPerSecond: number;
  readonly floorPerSecond: number;
  readonly ratioToFloor: number;
  /** Processor time of the process per request, and the ratio of both. A busy machine distorts it less than rates. */
  readonly cpuMs: number;
  readonly floorCpuMs: number;
  readonly cpuRatioToFloor: number;
}

/** Requests per second of the gateway's reads, alternating with a bare route that sends the same JSON. */
export async function benchReads(environment: BenchEnvironment): Promise<{ list: Reads; one: Reads }> {
  const main = newMainAccountId();
  const pool = createPool({
    url: environment.databaseUrl,
    schema: 'gateway',
    applicationName: 'bench',
    max: 1,
  });
  await fill(pool, main);
  await pool.end();
  const gateway = await environment.startGateway();
  const floor = await environment.startPart(BARE_HTTP);
  const sides = await pathsOf(main, gateway, floor);
  const reads = { list: await byTurns(sides, 'list'), one: await byTurns(sides, 'one') };
  await floor.stop();
  await gateway.stop();
  return reads;
}

/** A customer with many sub-accounts that have used some of their limits. */
async function fill(pool: Pool, main: string): Promise<void> {
  await pool.query(`INSERT INTO main_account (id, name, login_key) VALUES ($1, 'Bench', 'bench')`, [main]);
  await pool.query(
    `INSERT INTO main_account_state (main_account_id, generation, sequence, at, plan, time_zone, funding_policy, feature,
        suspended, period, next_month_start, balance, allocated, held, purchased, used, active_sub_accounts)
      VALUES ($1, 0, 1, now(), 'prepay', 'Asia/Tokyo', 'full', 'active', false, '2026-11', now(), 0, 0, 0, 0, 0, $2)`,
    [main, GATEWAY.subAccounts],
  );
  const ids = Array.from({ length: GATEWAY.subAccounts }, () => newSubAccountId());
  await pool.query(
    `INSERT INTO sub_account (main_account_id, id, name, password_hash, sender_numbers)
      SELECT $1, id, 'Department' || n, '', CASE WHEN n % 4 = 0 THEN ARRAY['+815012345678'] ELSE '{}' END
        FROM unnest($2::text[]) WITH ORDINALITY AS given (id, n)`,
    [main, ids],
  );
  await pool.query(
    `INSERT INTO sub_account_state (main_account_id, sub_account_id, generation, sequence, at, lifecycle, paused, period,
        limit_points, boost, granted, used, overage, held, remaining, shortfall, priority)
      SELECT $1, id, 0, n, now(), 'active', false, '2026-11', 1000000, 0, 1000000, n * 100, 0, 0, 1000000 - n * 100, 0, 100
        FROM unnest($2::text[]) WITH ORDINALITY AS given (id, n)`,
    [main, ids],
  );
  await pool.query('VACUUM (ANALYZE)');
}

/** @throws Error if the answers of both differ */
async function pathsOf(main: string, gateway: RunningService, floor: RunningService): Promise<[Side, Side]> {
  const theirs: Side = { process: gateway, list: [], one: [] };
  const bare: Side = { process: floor, list: [], one: [] };
  const subs = `/v1/main-accounts/${main}/sub-accounts`;
  const both = async (path: string, barePath: string): Promise<Page> => {
    const [answer, same] = await Promise.all([get(gateway, path), get(floor, barePath)]);
    if (!isDeepStrictEqual(answer, same)) throw new Error(`${path} is not what the floor answers`);
    return answer as Page;
  };
  let cursor = '';
  let after = '';
  do {
    const [path, barePath] = [
      `${subs}?limit=${GATEWAY.pageSize}${cursor}`,
      `/${main}?limit=${GATEWAY.pageSize}${after}`,
    ];
    const page = await both(path, barePath);
    theirs.list.push(path);
    bare.list.push(barePath);
    for (const { id } of page.items) {
      theirs.one.push(`${subs}/${id}`);
      bare.one.push(`/${main}/${id}`);
    }
    cursor = page.nextCursor === null ? '' : `&cursor=${page.nextCursor}`;
    after = `&after=${page.items.at(-1)?.id}`;
  } while (cursor !== '');
  await both(theirs.one[0] as string, bare.one[0] as string);
  return [theirs, bare];
}

async function get(from: RunningService, path: string): Promise<unknown> {
  return (await fetch(addressOf(from) + path, { headers: HEADERS })).json();
}

async function byTurns([gateway, floor]: readonly [Side, Side], what: 'list' | 'one'): Promise<Reads> {
  const loop = (side: Side, seconds: number): ClosedLoop => ({
    url: addressOf(side.process),
    paths: side[what],
    headers: HEADERS,
    connections: GATEWAY.connections,
    seconds,
  });
  const own: Round[] = [];
  const bare: Round[] = [];
  for (const side of [gateway, floor]) await requestsPerSecond(loop(side, WARM_UP_SECONDS));
  for (let round = 0; round < GATEWAY.rounds; round += 1) {
    own.push(await measured(gateway.process, loop(gateway, GATEWAY.seconds)));
    bare.push(await measured(floor.process, loop(floor, GATEWAY.seconds)));
  }
  const [rate, floorRate] = [own, bare].map((rounds) => median(rounds.map(({ perSecond }) => perSecond)));
  const [cpuMs, floorCpuMs] = [own, bare].map((rounds) => median(rounds.map((round) => round.cpuMs)));
  return {
    requestsPerSecond: rounded(rate as number),
    floorPerSecond: rounded(floorRate as number),
    ratioToFloor: ratio(rate as number, floorRate as number),
    cpuMs: rounded(cpuMs as number, 3),
    floorCpuMs: rounded(floorCpuMs as number, 3),
    cpuRatioToFloor: ratio(floorCpuMs as number, cpuMs as number),
  };
}

interface Round {
  readonly perSecond: number;
  readonly cpuMs: number;
}

async function measured(process: RunningService, loop: ClosedLoop): Promise<Round> {
  const before = await process.cpuSeconds();
  const perSecond = await requestsPerSecond(loop);
  const cpuMs = (((await process.cpuSeconds()) - before) * 1_000) / (perSecond * loop.seconds);
  return { perSecond, cpuMs };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
