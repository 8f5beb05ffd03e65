import { MAX_AMOUNT_POINTS } from '@subledger/contracts/vocabulary';
import { Draft } from '../draft.js';
import { fundingPass } from '../funding.js';
import type { CommandOf } from '../input.js';
import type { Decision } from '../outcome.js';
import { negate, type Points, wholePoints } from '../points.js';
import { duplicateReference, noteReference } from '../reference.js';
import { insufficient, reject } from '../reject.js';
import type { WithMain } from './with-main.js';

/** Maximum sum of all purchases and adjustments of a customer, far inside a signed 64-bit integer of millipoints. */
const MAX_PURCHASED = wholePoints(MAX_AMOUNT_POINTS * 1_000n);

const isPossible = (main: WithMain['main'], points: Points): boolean =>
  main.purchased + points <= MAX_PURCHASED;

/**
 * Transfers purchased → main. A paid postpay invoice is a purchase too. Raised `available` is used for funding at
 * once.
 */
export function purchasePoints({ books, main }: WithMain, command: CommandOf<'points.purchase'>): Decision {
  const { points, reference } = command.data;
  if (points <= 0n || !isPossible(main, points)) return reject(books, { code: 'invalid-amount' });
  const duplicate = duplicateReference(books, command);
  if (duplicate) return reject(books, duplicate);
  const draft = new Draft(books, main);
  draft.move('purchase', 'purchased', 'main', points, { reference });
  noteReference(draft, command);
  draft.emit('points.purchased', { points, reference });
  fundingPass(draft);
  return draft.finish();
}

/** An operator's correction, up or down. A downward one never takes `available` below 0. */
export function adjustPoints({ books, main }: WithMain, command: CommandOf<'points.adjust'>): Decision {
  const { points, reason } = command.data;
  if (points === 0n || !isPossible(main, points)) return reject(books, { code: 'invalid-amount' });
  const duplicate = duplicateReference(books, command);
  if (duplicate) return reject(books, duplicate);
  const draft = new Draft(books, main);
  if (points > 0n) {
    draft.move('adjustment', 'purchased', 'main', points, { reference: reason });
  } else {
    const refusal = insufficient(books, main, negate(points));
    if (refusal) return reject(books, refusal);
    draft.move('adjustment', 'main', 'purchased', negate(points), { reference: reason });
  }
  noteReference(draft, command);
  draft.emit('points.adjusted', { points, reason });
  fundingPass(draft);
  return draft.finish();
}
