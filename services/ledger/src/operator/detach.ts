import { UsageError } from '@subledger/service-kit';
import { DEFAULT_KEEP_MONTHS, DetachRefusedError, detachMonth } from '../store/detach-month.js';
import type { OperatorCommand } from './operator-command.js';
import { parseOptions } from './options.js';

const USAGE = `npm run ledger -- detach-month YYYY-MM [--keep-months N] [--drop]

Takes the oldest month (UTC) out of journal and transfers. Its sums stay as closing balances; the tables journal_YYYY_MM
and transfers_YYYY_MM stay in the schema, to be archived and dropped. Run reconcile before: what is wrong in the
month can hardly be found afterwards.
  --keep-months  months that stay attached, the current one included (default ${DEFAULT_KEEP_MONTHS}, at least 2)
  --drop         drops the two tables at once`;

/** Exit code 1 if it is refused. */
export const detachCommand: OperatorCommand = {
  name: 'detach-month',
  summary: 'takes the oldest month out of journal and transfers',
  async run(args, { pool, print }) {
    const { values, positionals } = parseOptions(
      args,
      {
        'keep-months': { type: 'string', default: String(DEFAULT_KEEP_MONTHS) },
        drop: { type: 'boolean', default: false },
      },
      USAGE,
    );
    const [month] = positionals;
    if (month === undefined || positionals.length > 1) throw new UsageError(USAGE);
    if (!/^\d{1,4}$/.test(values['keep-months'])) throw new UsageError('--keep-months must be a number.');
    try {
      const options = { keepMonths: Number(values['keep-months']), drop: values.drop };
      const { transfers, events, deleted } = await detachMonth(pool, month, options);
      print(`${month}: ${transfers} transfers and ${events} events ${values.drop ? 'dropped' : 'detached'}`);
      print(
        `with them ${deleted.commands} commands, ${deleted.charges} charges, ${deleted.refunds} refunds and ${deleted.holds} resolved holds deleted`,
      );
      return 0;
    } catch (error) {
      if (!(error instanceof DetachRefusedError)) throw error;
      print(`Refused: ${error.message}. Nothing was changed.`);
      return 1;
    }
  },
};
