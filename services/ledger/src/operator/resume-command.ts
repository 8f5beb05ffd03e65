import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '@subledger/service-kit';
import { type LaneView, LaneViewer, problemsOf, readLanes } from './lane-view.js';
import type { OperatorCommand, OperatorContext } from './operator-command.js';
import { laneNumber, parseOptions, seconds } from './options.js';
import { describeInput, describePlan, planResume, type ResumePlan } from './resume-plan.js';

const USAGE = `npm run ledger -- resume (--lane <number> | --all) [--commands <position>] [--messages <position>] [--force] [--yes]

Resumes a stopped lane in a new generation. Without --yes it only shows what it found and would do.

  --lane       the lane's number
  --all        every lane that does not fit its logs, in the place of --lane: after a restored backup or a topic
               that was created anew. Not together with --force
  --commands   where to read on in points.commands.v1: stored, beginning, end, or an offset
  --messages   the same for sms.messages.v1
               (default: stored where it still fits the log, else the log's beginning)
  --force      also where the row fits the logs
  --yes        do it
  --wait       seconds to wait until a ledger has taken the lane up again (default 20)`;

const OPTIONS = {
  lane: { type: 'string' },
  all: { type: 'boolean' },
  commands: { type: 'string' },
  messages: { type: 'string' },
  force: { type: 'boolean' },
  yes: { type: 'boolean' },
  wait: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const resume: OperatorCommand = {
  name: 'resume',
  summary: 'resumes a stopped lane in a new generation (a dry run unless --yes)',
  async run(args, context) {
    const { values, positionals } = parseOptions(args, OPTIONS, USAGE);
    const { print, partitions } = context;
    if (values.help) {
      print(USAGE);
      return 0;
    }
    if ((values.lane === undefined) === (values.all !== true) || positionals.length > 0)
      throw new UsageError(`Which lane? --lane, or --all for every one that is stopped.\n\n${USAGE}`);
    if (values.all && values.force)
      throw new UsageError(`--force is for one lane: it moves a lane that fits its logs.\n\n${USAGE}`);
    const waitMs = seconds('wait', values.wait ?? '20');
    const lane = values.lane === undefined ? undefined : laneNumber(values.lane, partitions);
    const views = (await viewLanes(context, lane)).filter(
      (view) => lane !== undefined || problemsOf(view).length > 0,
    );
    if (views.length === 0) {
      print('All lanes fit their logs, so there is none to resume.');
      return 1;
    }
    // Plans all lanes before the first change: if a position is invalid for one lane, no lane is changed.
    const planned = views.map((view) => ({ view, plan: planResume(view, values) }));
    for (const { view, plan } of planned) show(view, plan, print);
    if (lane !== undefined && !views.some((view) => problemsOf(view).length > 0) && !values.force) {
      print('Refused: the lane fits its logs, so a running ledger continues it without this command.');
      print(
        '  If a ledger still calls it stopped, restart that ledger. Only if you must read it from elsewhere,',
      );
      print('  stop the ledgers first and use --force: a raised generation makes readers drop older states.');
      return 1;
    }
    if (!values.yes) {
      print('Nothing was changed. To do it, repeat the command with --yes.');
      return 0;
    }
    const awaited: Awaited[] = [];
    for (const { view, plan } of planned) {
      const applied = view.row.lease.lane;
      awaited.push({ lane: applied, epoch: await apply(context, view, plan), waitMs });
      print(
        `Done: lane ${applied} resumes in generation ${plan.generation}. All its limit records will be published anew.`,
      );
    }
    await Promise.all(awaited.map((one) => waitForOwner(context, one)));
    return 0;
  },
};

/** One lane, or all lanes that a ledger has had. */
async function viewLanes(context: OperatorContext, lane: number | undefined): Promise<LaneView[]> {
  const all = await readLanes(context);
  const rows = lane === undefined ? [...all.values()] : [all.get(lane)];
  const viewer = new LaneViewer(context);
  try {
    const views: LaneView[] = [];
    for (const row of rows) {
      if (!row)
        throw new UsageError(
          `Lane ${lane} has no row: no ledger has had it yet. Nothing can have stopped it; start a ledger.`,
        );
      views.push(await viewer.view(row));
    }
    return views;
  } finally {
    await viewer.close();
  }
}

function show(view: LaneView, plan: ResumePlan, print: (line: string) => void): void {
  const { row, commands, messages, publishedProblem, publishedGeneration } = view;
  const { lane, epoch, generation } = row.lease;
  print(`Lane ${lane}: epoch ${epoch}, generation ${generation}, last owner ${row.owner}`);
  print('Found');
  for (const line of [...describeInput(commands), ...describeInput(messages)]) print(line);
  print(`  books against events: ${publishedProblem === null ? 'fit' : `DO NOT FIT: ${publishedProblem}`}`);
  print('Plan');
  print(`  ${commands.topic}: ${describePlan(plan.commands, commands)}`);
  print(`  ${messages.topic}: ${describePlan(plan.messages, messages)}`);
  const why =
    publishedGeneration > generation ? ` (events of generation ${publishedGeneration} are out)` : '';
  print(
    `  generation ${generation} → ${plan.generation}${why}; all limit records of the lane are published anew`,
  );
}

/**
 * Changes the row in one statement, only if it is still the row that was read.
 * @returns the lane's new epoch
 */
async function apply({ pool }: OperatorContext, view: LaneView, plan: ResumePlan): Promise<bigint> {
  const { lane, epoch } = view.row.lease;
  const { commands, messages } = plan;
  const { rows } = await pool.query<{ epoch: bigint }>(
    // The cursor of a restored row may be ahead of it. Later rows must not count as published.
    `UPDATE lanes SET epoch = epoch + 1, generation = $3, rebuild_limits = true,
       command_offset = coalesce($4, command_offset), message_offset = coalesce($5, message_offset),
       command_last_id = CASE WHEN $6 THEN command_last_id END,
       message_last_id = CASE WHEN $7 THEN message_last_id END,
       published_sequence = least(published_sequence, lane_sequence), owner = 'operator', updated_at = now()
     WHERE lane = $1 AND epoch = $2 RETURNING epoch`,
    [
      lane,
      epoch,
      plan.generation,
      commands.to === commands.from ? null : commands.to,
      messages.to === messages.from ? null : messages.to,
      commands.keepsLastId,
      messages.keepsLastId,
    ],
  );
  const [row] = rows;
  if (row) return row.epoch;
  throw new Error(
    `a ledger took lane ${lane} over in this moment; nothing was changed. Look again: npm run ledger -- lanes`,
  );
}

interface Awaited {
  readonly lane: number;
  readonly epoch: bigint;
  readonly waitMs: number;
}

/** A ledger that has the lane's partition notices the order by itself. */
async function waitForOwner(context: OperatorContext, { lane, epoch, waitMs }: Awaited): Promise<void> {
  const { print } = context;
  const deadline = Date.now() + waitMs;
  for (;;) {
    const row = (await readLanes(context)).get(lane);
    if (row && row.lease.epoch > epoch) {
      print(`Lane ${lane} was taken up by ${row.owner}. See how it goes: npm run ledger -- lanes`);
      return;
    }
    if (Date.now() >= deadline) break;
    await sleep(250);
  }
  print(`No ledger has taken lane ${lane} up yet. One that runs does so within seconds; else start one.`);
}
