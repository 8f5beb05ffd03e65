import { UsageError } from '@subledger/service-kit';
import type { InputView, LaneView } from './lane-view.js';
import { lagOf } from './lane-view.js';

/** Where one topic goes on. */
export interface InputPlan {
  readonly topic: string;
  readonly from: bigint;
  readonly to: bigint;
  /** Whether the record before `to` is still known by its fingerprint. */
  readonly keepsLastId: boolean;
}

export interface ResumePlan {
  readonly commands: InputPlan;
  readonly messages: InputPlan;
  readonly generation: number;
}

/**
 * Where a lane would go on. By default where it stood, if the log still bears that out, else at the log's beginning.
 *
 * The generation is above that of everything published: after a restore the row's own may be one that readers have
 * passed already.
 *
 * @param wanted per topic `stored`, `beginning`, `end` or an offset, as the command line has it
 * @throws UsageError for a position that is not in the log
 */
export function planResume(
  { row, commands, messages, publishedGeneration }: LaneView,
  wanted: { readonly commands?: string | undefined; readonly messages?: string | undefined },
): ResumePlan {
  return {
    commands: planInput(commands, 'commands', wanted.commands),
    messages: planInput(messages, 'messages', wanted.messages),
    generation: Math.max(row.lease.generation, publishedGeneration) + 1,
  };
}

function planInput(view: InputView, option: string, wanted: string | undefined): InputPlan {
  const { topic, stored } = view;
  const to = position(view, option, wanted ?? (view.problem === null ? 'stored' : 'beginning'));
  return { topic, from: stored, to, keepsLastId: to === stored && view.problem === null };
}

function position({ stored, low, high, topic }: InputView, option: string, text: string): bigint {
  if (text === 'beginning') return low;
  if (text === 'end') return high;
  const offset = text === 'stored' ? stored : /^\d{1,18}$/.test(text) ? BigInt(text) : null;
  if (offset === null) {
    throw new UsageError(`--${option} takes stored, beginning, end or an offset, not "${text}".`);
  }
  if (offset < low || offset > high) {
    const choice = text === 'stored' ? `The stored offset ${offset}` : `Offset ${offset}`;
    throw new UsageError(`${choice} is not in ${topic}: the log has ${low} to ${high}. Choose one within.`);
  }
  return offset;
}

/** What the row says of a topic, and what the log has. */
export function describeInput(view: InputView): string[] {
  const { topic, stored, low, high, problem } = view;
  const log = low === high ? `empty, next offset ${high}` : `offsets ${low} to ${high - 1n}`;
  return [
    `  ${topic}: stored offset ${stored}; the log: ${log}; ${lagOf(view)} to read`,
    `    ${problem === null ? 'fits' : `DOES NOT FIT: ${problem}`}`,
  ];
}

/** What going on as planned means for a topic's records. */
export function describePlan({ from, to, keepsLastId }: InputPlan, view: InputView): string {
  const at = `reads on at ${to}`;
  if (to === from) return `${at}, where it stood${keepsLastId ? '' : ', whatever the record before it is'}`;
  if (from > view.high)
    return `${at}: the log is another one than the row knows, all of it from there is read`;
  if (to > from) {
    const gone =
      from < view.low ? ` (${(view.low < to ? view.low : to) - from} of them are gone from the log)` : '';
    return `${at}: offsets ${from} to ${to - 1n} are SKIPPED${gone}; what was in them is not booked`;
  }
  return `${at}: offsets ${to} to ${from - 1n} are read again; what the books have is recognised by its ids`;
}
