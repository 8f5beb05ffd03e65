import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '@subledger/service-kit';
import type { OperatorCommand, OperatorContext } from './operator-command.js';
import { laneNumber, parseOptions, seconds } from './options.js';

const USAGE = `npm run ledger -- rebuild-limits [--lane <number>] [--timeout <seconds>]

Has the running ledgers publish the last limit record of every sub-account on subaccount.limits.v1 once more: after
that topic was lost, or for a sender that doubts what it has. Traffic continues meanwhile.

  --lane      only this lane (default: all)
  --timeout   seconds to wait for the ledgers (default 600); they go on also when this gives up`;

const OPTIONS = {
  lane: { type: 'string' },
  timeout: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const POLL_MS = 250;

export const rebuildLimits: OperatorCommand = {
  name: 'rebuild-limits',
  summary: 'publishes all limit records again, while traffic continues',
  async run(args, context) {
    const { values, positionals } = parseOptions(args, OPTIONS, USAGE);
    const { print, pool, partitions } = context;
    if (values.help) {
      print(USAGE);
      return 0;
    }
    if (positionals.length > 0) throw new UsageError(`What is "${positionals.join(' ')}"?\n\n${USAGE}`);
    const lane = values.lane === undefined ? null : laneNumber(values.lane, partitions);
    const deadline = Date.now() + seconds('timeout', values.timeout ?? '600');
    // A rebuild under way may already be past the missing records, and its end would complete this order.
    const earlier = await pending(context, lane);
    if (earlier.length > 0) {
      print(`A rebuild is under way already (${lanesText(earlier)}); a new one follows when it is done.`);
      if (!(await waitUntilDone(context, lane, deadline))) return giveUp(context, lane);
    }
    const { rows } = await pool.query<{ lane: number }>(
      'UPDATE lanes SET rebuild_limits = true WHERE $1::int IS NULL OR lane = $1 RETURNING lane',
      [lane],
    );
    if (rows.length === 0) {
      print('There is nothing to rebuild: no ledger has had such a lane yet.');
      return 1;
    }
    print(`Ordered: ${lanesText(rows.map((row) => row.lane))}. A running ledger begins within seconds.`);
    if (!(await waitUntilDone(context, lane, deadline))) return giveUp(context, lane);
    print('Done: every sub-account has its limit record on subaccount.limits.v1 again.');
    return 0;
  },
};

async function pending({ pool }: OperatorContext, lane: number | null): Promise<number[]> {
  const { rows } = await pool.query<{ lane: number }>(
    'SELECT lane FROM lanes WHERE rebuild_limits AND ($1::int IS NULL OR lane = $1) ORDER BY lane',
    [lane],
  );
  return rows.map((row) => row.lane);
}

/** Prints how many lanes are done, each time that the number changes. */
async function waitUntilDone(
  context: OperatorContext,
  lane: number | null,
  deadline: number,
): Promise<boolean> {
  let shown = '';
  for (;;) {
    const left = await pending(context, lane);
    if (left.length === 0) return true;
    if (Date.now() >= deadline) return false;
    const text = lanesText(left);
    if (shown !== '' && text !== shown) context.print(`Still to do: ${text}`);
    shown = text;
    await sleep(POLL_MS);
  }
}

async function giveUp(context: OperatorContext, lane: number | null): Promise<number> {
  const { print, pool } = context;
  print(
    `Not done in time: ${lanesText(await pending(context, lane))}. The order stays: a ledger will still do it.`,
  );
  const { rows } = await pool.query<{ count: bigint }>(
    `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'subledger-ledger'`,
  );
  if (rows[0]?.count === 0n) print('No ledger is connected to this database. Start one.');
  else print('Ledgers are connected. See whether these lanes are stopped: npm run ledger -- lanes');
  return 1;
}

const lanesText = (lanes: readonly number[]): string =>
  `${lanes.length === 1 ? 'lane' : 'lanes'} ${[...lanes].sort((a, b) => a - b).join(', ')}`;
