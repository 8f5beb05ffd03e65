import { deadLetters } from './dead-letters-command.js';
import { detachCommand } from './detach.js';
import { lanes } from './lanes-command.js';
import type { OperatorCommand } from './operator-command.js';
import { packJournal } from './pack-journal-command.js';
import { rebuildLimits } from './rebuild-limits-command.js';
import { reconcileCommand } from './reconcile.js';
import { resume } from './resume-command.js';

/** All commands of `npm run ledger`, in the order of its help. */
export const OPERATOR_COMMANDS: readonly OperatorCommand[] = [
  lanes,
  resume,
  rebuildLimits,
  deadLetters,
  reconcileCommand,
  detachCommand,
  packJournal,
];
