import { UsageError } from '@subledger/service-kit';
import { reconcile } from '../reconcile/reconcile.js';
import { type CheckResult, failedChecks, type Reconciliation } from '../reconcile/reconciliation.js';
import type { OperatorCommand } from './operator-command.js';
import { parseOptions } from './options.js';
import { textTable } from './text-table.js';

const USAGE = `npm run ledger -- reconcile [--main <main account>] [--since YYYY-MM] [--workers N] [--json]

Checks the invariants of the books on live data, in one snapshot; nobody waits for it.
  --main     one main account only
  --since    transfers and events from this month (UTC) on only; statements are left out
  --workers  parallel processes per query beside its own (default 0)
  --json     the result as JSON`;

/** Exit code 1 if a check fails. A warning is shown, but does not fail. */
export const reconcileCommand: OperatorCommand = {
  name: 'reconcile',
  summary: 'checks the invariants of the books on live data',
  async run(args, { pool, print }) {
    const { values } = parseOptions(
      args,
      {
        main: { type: 'string' },
        since: { type: 'string' },
        workers: { type: 'string', default: '0' },
        json: { type: 'boolean', default: false },
      },
      USAGE,
    );
    const result = await reconcile(pool, {
      ...(values.main === undefined ? {} : { mainAccountId: values.main }),
      ...(values.since === undefined ? {} : { since: monthOf(values.since) }),
      workers: workersOf(values.workers),
    });
    if (values.main !== undefined && result.mainAccounts === 0) {
      throw new UsageError(`There is no main account "${values.main}".`);
    }
    if (values.json) print(JSON.stringify(result, null, 2));
    else for (const line of report(result)) print(line);
    return failedChecks(result).length > 0 ? 1 : 0;
  },
};

function monthOf(text: string): string {
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return text;
  throw new UsageError(`--since must be a month (YYYY-MM), not "${text}".`);
}

function workersOf(text: string): number {
  if (/^\d$/.test(text)) return Number(text);
  throw new UsageError(`--workers must be 0 to 9, not "${text}".`);
}

const verdict = ({ violations, isWarning }: CheckResult): string => {
  if (violations === 0) return 'ok';
  return isWarning ? 'WARNING' : 'WRONG';
};

function report(result: Reconciliation): string[] {
  const { startedAt, seconds, transfers, mainAccounts, checks } = result;
  const failed = failedChecks(result).length;
  return [
    `Books of ${startedAt}: ${mainAccounts} main accounts, ${transfers} transfers, ${seconds.toFixed(1)} s`,
    '',
    ...textTable([
      ['CHECK', 'INVARIANT', 'RESULT', 'FOUND', 'SECONDS'],
      ...checks.map((check) => [
        check.name,
        String(check.invariant),
        verdict(check),
        String(check.violations),
        check.seconds.toFixed(1),
      ]),
    ]),
    ...checks.flatMap(details),
    '',
    failed === 0 ? 'The books are right.' : `${failed} of ${checks.length} checks found something wrong.`,
  ];
}

/** The meaning of a failed check, and its first rows. */
function details({ name, meaning, violations, examples }: CheckResult): string[] {
  if (violations === 0) return [];
  return ['', `${name}: ${meaning}.`, ...examples.map((example) => `  ${JSON.stringify(example)}`)];
}
