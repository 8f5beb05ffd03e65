import { UsageError } from '@subledger/service-kit';
import { hasOldJournal, PackMismatchError, packOldJournal } from '../journal/pack-rows.js';
import type { OperatorCommand } from './operator-command.js';
import { parseOptions } from './options.js';

const USAGE = `npm run ledger -- pack-journal

After an update from a release that kept a row per event: makes blocks of them and drops the rows. The ledger does the
same when it starts; this command does it before, and shows how far it is. No ledger may run. It may be stopped and
repeated at any time. Run reconcile before and after.`;
/** Events between two lines. */
const REPORT_EVERY = 100_000;

/** Exit code 1 if rows and blocks differ in the end. */
export const packJournal: OperatorCommand = {
  name: 'pack-journal',
  summary: 'makes blocks of the journal of an earlier release',
  async run(args, { pool, print }) {
    const { positionals } = parseOptions(args, {}, USAGE);
    if (positionals.length > 0) throw new UsageError(USAGE);
    if (!(await hasOldJournal(pool))) {
      print('Nothing to do: the journal is in blocks.');
      return 0;
    }
    let reported = 0;
    try {
      const packed = await packOldJournal(pool, ({ packed: done, estimated }) => {
        if (done - reported < REPORT_EVERY) return;
        reported = done;
        print(`${done} of about ${estimated} events`);
      });
      print(`${packed} events packed. The old rows are dropped.`);
      return 0;
    } catch (error) {
      if (!(error instanceof PackMismatchError)) throw error;
      print(error.message);
      return 1;
    }
  },
};
