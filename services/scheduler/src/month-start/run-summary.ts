import type { MonthStartOutcome } from './run-by-hand.js';

const HEADINGS = ['period', 'due', 'rolled', 'unfunded', 'failed', 'no answer'] as const;
const MEANING: Readonly<Record<string, string>> = {
  'period-not-due': 'the ledger says that this month has not begun',
  'main-account-not-found': 'the ledger has no books for it',
  'idempotency-conflict': 'its id was used with other content',
  'invalid-command': 'the ledger could not read the command',
};

/** The summary of a manual run, line by line. */
export function summarize(outcome: MonthStartOutcome): string[] {
  const { totals } = outcome;
  const lines = [`month-start as of ${new Date(outcome.asOfMs).toISOString()}`];
  if (totals.due === 0) {
    return [
      ...lines,
      `Nothing is due: none of ${count(outcome.mainAccounts, 'main account')} waits for a month start.`,
    ];
  }
  lines.push(...table(outcome));
  for (const { period, mainAccountId, code, state } of outcome.failures) {
    const why =
      state === 'failed'
        ? `${code ?? 'refused'}: ${MEANING[code ?? ''] ?? 'the ledger refused'}`
        : 'no answer yet';
    lines.push(`  ${mainAccountId} ${period}: ${why}`);
  }
  const hidden = totals.failed + totals.open - outcome.failures.length;
  if (hidden > 0) lines.push(`  … and ${hidden} more`);
  lines.push(total(outcome));
  if (totals.open > 0) {
    lines.push(
      'No answer in time. Are the ledger and the scheduler running (npm start)? Nothing is lost: the scheduler asks',
      'again by itself, and this command may be repeated; a month is rolled once however often it is asked for.',
    );
  }
  return lines;
}

/** 0 if every due month start is rolled. */
export const exitCodeOf = ({ totals }: MonthStartOutcome): number =>
  totals.failed + totals.open > 0 ? 1 : 0;

function table(outcome: MonthStartOutcome): string[] {
  const rows = outcome.periods.map((line) =>
    [line.period, line.due, line.rolled, line.unfunded, line.failed, line.open].map(String),
  );
  const cells = [[...HEADINGS], ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')}`);
}

function total({ totals }: MonthStartOutcome): string {
  const unfunded =
    totals.unfunded === 0
      ? '0 unfunded'
      : `${totals.unfunded} unfunded (${count(totals.unfundedSubAccounts, 'sub-account')} without points)`;
  const open = totals.open === 0 ? '' : `, ${totals.open} without an answer`;
  return `${count(totals.due, 'month start')} due: ${totals.rolled} rolled, ${unfunded}, ${totals.failed} failed${open}.`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
