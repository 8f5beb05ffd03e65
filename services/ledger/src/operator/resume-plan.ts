import { UsageError } from '@subledger/service-kit';
import type { InputView, LaneView } from './lane-view.js';
import { lagOf } from './lane-view.js';

/** The position at which one topic resumes. */
export interface InputPlan {
  readonly topic: string;
  readonly from: bigint;
  readonly to: bigint;
  /** Whether the fingerprint of the record before `to` stays valid. */
  readonly keepsLastId: boolean;
}

export interface ResumePlan {
  readonly commands: InputPlan;
  readonly messages: InputPlan;
  readonly generation: number;
}

/**
 * The positions at which a lane resumes. Default: its stored position if the log still confirms it, otherwise the
 * log's beginning.
 *
 * The generation is higher than that of everything published: after a restore, readers may already have passed the
 * row's own.
 *
 *
 * @param wanted `stored`, `beginning`, `end` or an offset per topic, from the command line
 * @throws UsageError if a position is not in the log
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

/** The row's position in a topic, and the range of the log. */
export function describeInput(view: InputView): string[] {
  const { topic, stored, low, high, problem } = view;
  const log = low === high ? `empty, next offset ${high}` : `offsets ${low} to ${high - 1n}`;
  return [
    `  ${topic}: stored offset ${stored}; the log: ${log}; ${lagOf(view)} to read`,
    `    ${problem === null ? 'fits' : `DOES NOT FIT: ${problem}`}`,
  ];
}

/** What the plan means for a topic's records. */
export function describePlan({ from, to, keepsLastId }: InputPlan, view: InputView): string {
  const at = `resumes at ${to}`;
  if (to === from)
    return `${at}, its stored position${keepsLastId ? '' : ', without a check of the record before it'}`;
  if (from > view.high)
    return `${at}: the log is another one than the row knows, all of it from there is read`;
  if (to > from) {
    const gone =
      from < view.low ? ` (${(view.low < to ? view.low : to) - from} of them are gone from the log)` : '';
    return `${at}: offsets ${from} to ${to - 1n} are SKIPPED${gone}; what was in them is not booked`;
  }
  return `${at}: offsets ${to} to ${from - 1n} are read again; what the books have is recognised by its ids`;
}
