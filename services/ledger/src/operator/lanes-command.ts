import { UsageError } from '@subledger/service-kit';
import { describeBeyond } from '../lanes/lanes.js';
import {
  type InputView,
  type LaneView,
  LaneViewer,
  lagOf,
  partitionsBeyond,
  problemsOf,
  readLanes,
} from './lane-view.js';
import type { OperatorCommand } from './operator-command.js';
import { parseOptions } from './options.js';
import { textTable } from './text-table.js';

const USAGE = `npm run ledger -- lanes

Shows every lane: its row in the database against the logs, by the same checks as when a ledger takes it over.
Changes nothing. Exit code 1 if a lane does not fit its logs.`;

export const lanes: OperatorCommand = {
  name: 'lanes',
  summary: 'every lane: position, lag, owner, and whether its row fits the logs',
  async run(args, context) {
    const { values, positionals } = parseOptions(args, { help: { type: 'boolean', short: 'h' } }, USAGE);
    if (positionals.length > 0) throw new UsageError(USAGE);
    const { print, partitions } = context;
    if (values.help) {
      print(USAGE);
      return 0;
    }
    const rows = await readLanes(context);
    const viewer = new LaneViewer(context);
    const views: LaneView[] = [];
    try {
      for (const row of rows.values()) views.push(await viewer.view(row));
    } finally {
      await viewer.close();
    }
    for (const line of textTable([HEAD, ...views.map(cells)])) print(line);
    const unknown = Array.from({ length: partitions }, (_, lane) => lane).filter((lane) => !rows.has(lane));
    if (unknown.length > 0) print(`Never taken over by a ledger so far: ${unknown.join(', ')}.`);
    const beyond = await partitionsBeyond(context);
    if (beyond.length > 0)
      print(`Mind: ${describeBeyond(beyond, partitions)}. See docs/operations/more-partitions.md.`);
    for (const view of views) printUndecodable(view, print);
    return report(views, print);
  },
};

const HEAD = [
  'LANE',
  'FITS',
  'EPOCH',
  'GEN',
  'COMMANDS (offset/end, lag)',
  'MESSAGES (offset/end, lag)',
  'PUBLISHED',
  'OWNER',
  'UPDATED',
];

function cells(view: LaneView): string[] {
  const { row, commands, messages } = view;
  const { lane, epoch, generation } = row.lease;
  return [
    String(lane),
    problemsOf(view).length === 0 ? 'yes' : 'NO',
    String(epoch),
    String(generation),
    input(commands),
    input(messages),
    `${row.publishedSequence}/${row.laneSequence}${row.rebuildLimits ? ' rebuilding limits' : ''}`,
    row.owner,
    row.updatedAt.toISOString(),
  ];
}

const input = (view: InputView): string =>
  `${view.stored}/${view.high}, ${lagOf(view)}${view.low > 0n ? ` (from ${view.low})` : ''}`;

/** Not a problem of the lane, because only this batch is skipped. But an operator must look at it. */
function printUndecodable({ row, commands, messages }: LaneView, print: (line: string) => void): void {
  for (const { topic, undecodable } of [commands, messages])
    for (const detail of undecodable)
      print(`Lane ${row.lease.lane}: ${topic}:${row.lease.lane} cannot be decoded here: ${detail}.`);
  if (commands.undecodable.length + messages.undecodable.length > 0)
    print(
      '  Only this batch is skipped. It is dead-lettered: npm run ledger -- dead-letters list --reason undecodable-batch',
    );
}

function report(views: readonly LaneView[], print: (line: string) => void): number {
  const broken = views.filter((view) => problemsOf(view).length > 0);
  if (broken.length === 0) {
    print(`All ${views.length} lanes fit their logs.`);
    return 0;
  }
  for (const view of broken) {
    const { lane } = view.row.lease;
    print('');
    for (const problem of problemsOf(view)) print(`Lane ${lane}: ${problem}.`);
    print(
      `  The books are as they were. What to do: npm run ledger -- resume --lane ${lane} (shows a plan first),`,
    );
    print('  and docs/operations/stopped-lane.md.');
  }
  return 1;
}
