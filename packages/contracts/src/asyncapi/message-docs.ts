import type { CommandName } from '../commands.js';
import type { EventName } from '../events.js';
import type { MessageName } from '../messages.js';

/** What each command does, in one or two sentences. The README of this package lists its refusals. */
export const COMMAND_DOCS: { readonly [Name in CommandName]: string } = {
  'main-account.open': 'Opens the books of a main account, in the current period of its time zone.',
  'main-account.configure':
    'Changes credit limit, funding policy, time zone or the bound of automatic suspension. A time zone acts from the next month start.',
  'main-account.suspend': 'Stops all sending of a customer; its points stay where they are.',
  'main-account.resume': 'Allows sending again.',
  'feature.activate': 'Switches sub-accounts on for a main account.',
  'feature.deactivate': 'Switches them off; refused while a sub-account is active.',
  'points.purchase':
    'Adds bought points (a paid postpay invoice is one too), then funds who lacks points. A `reference` that was booked before is refused unless `allowDuplicateReference` is true.',
  'points.adjust': "An operator's correction in either direction, with a reason.",
  'plan.switch': 'Changes between prepay and postpay; refused while a sub-account is active.',
  'sub-account.open': 'Opens a sub-account and gives it its whole limit, or is refused.',
  'sub-account.configure': 'Changes the funding priority: a lower number is funded first.',
  'limit.change':
    'Changes the monthly limit at once (the difference moves) or from the next month start on. A raise must be covered.',
  'limit.boost': 'Gives extra points for the current month only.',
  'sub-account.pause': 'Stops the sending of one sub-account; its points stay.',
  'sub-account.resume': 'Allows its sending again.',
  'sub-account.deactivate': 'Ends sending; what is unused goes back to main at once.',
  'sub-account.reactivate':
    'Gives it again what it may still use this month; nothing that was used is refilled.',
  'sub-account.delete': 'Deactivates for good. Statements and log stay.',
  'hold.place':
    'The strict check before sending: sets points aside for one message, or is refused; 10,000 points at most, unless the operators set another bound. Its end is 15 minutes later unless `expiresInSeconds` says otherwise, 24 hours at most. Not acted on yet: a hold stays open until its message is reported or it is released.',
  'hold.release':
    'Gives a hold back unused. One that is not placed yet is barred, so that a late `hold.place` does nothing.',
  'period.roll':
    'Month start of one main account. The id is `roll:<main account>:<period>`, so asking again is the same command.',
  'snapshot.request':
    'Asks for the books of a main account on `points.events.v1` once more, as `snapshot.published`. For readers that lost something.',
};

/** What each event means. */
export const EVENT_DOCS: { readonly [Name in EventName]: string } = {
  'main-account.opened': 'The books of a main account were opened.',
  'main-account.configured':
    'Credit limit, funding policy, time zone or the bound of automatic suspension changed.',
  'main-account.suspended': 'All sending of the customer is stopped.',
  'main-account.resumed': 'Sending is allowed again, unless it is stopped for another reason too.',
  'main-account.sending-stopped':
    'All sending of the customer is stopped by itself: what is available fell below `suspendBelow`, or a month start could not be made.',
  'main-account.sending-resumed': 'What it was stopped for by itself is over.',
  'feature.activated': 'Sub-accounts were switched on.',
  'feature.deactivated': 'Sub-accounts were switched off.',
  'points.purchased': 'Points were bought.',
  'points.adjusted': 'An operator corrected the balance.',
  'plan.switched': 'Prepay became postpay or the other way round.',
  'sub-account.opened': 'A sub-account was opened and has its limit.',
  'sub-account.configured': 'Its funding priority changed.',
  'limit.changed': 'Its limit changed, at once or for the next period (`subAccount.nextLimit`).',
  'limit.boosted': 'It got extra points for this period.',
  'sub-account.paused': 'Its sending is stopped.',
  'sub-account.resumed': 'Its sending is allowed again.',
  'sub-account.deactivated': 'It is inactive; `returned` points went back to main.',
  'sub-account.reactivated': 'It is active again.',
  'sub-account.deleted': 'It is gone for good; its statement of the period closed with it.',
  'sub-account.funded': 'It lacked points, and a rise of the main balance gave them to it.',
  'sub-account.rolled':
    'Its month ended (`closed` is its statement) and the new one began. Before the summary.',
  'hold.placed':
    'Points are set aside for one message. `expiresAt` is when they are to go back by themselves. Not acted on yet: a hold stays open until its message is reported or it is released.',
  'hold.released':
    '`points` of a hold came back, or (0 points, no sub-account) a hold not yet placed was barred.',
  'message.charged':
    'A message was charged: `fromHold`, `fromSub` and `fromMain` say who paid. `late` when its period was closed.',
  'limit.exceeded': 'A message cost more than the sub-account had: `overage` points of it were paid by main.',
  'message.credited':
    'A refund was booked. `points` came back, at most what was charged; `requested` was asked.',
  'period.rolled': 'Summary of a month start, after one `sub-account.rolled` for each sub-account.',
  'period.already-rolled': 'A month start was asked for again: nothing moved.',
  'snapshot.requested':
    'The books were asked for once more: `snapshot.published` follows, with the same cause. Nothing moved.',
  'snapshot.published':
    'A part of the books as they are at `sequence`, which is that of the last event before it. Not an event of the books: it has no number of its own, and tells nothing to readers that miss nothing.',
  'command.rejected':
    'A command was refused with `code`; nothing changed. Where there are no books `sequence` is 0 and the states are absent.',
};

/** What each fact of the SMS service means. */
export const MESSAGE_DOCS: { readonly [Name in MessageName]: string } = {
  'message.sent':
    'A message was handed to the carrier. Never refused: what the limit does not cover is overage, paid by main. Write it once for each message, after sending; `points` is its whole price and may be `"0"`. `sentAt` decides the month, and may be 24 hours ahead of the broker’s clock at most, and 365 days behind it. Over 10,000 points (unless the operators set another bound), it is a dead letter. Sender, recipient, content and segments are for the message log alone: wrong ones are cleaned there, and the message is charged.',
  'message.status':
    'A delivery status, for the message log alone: it moves no points. May come before the message, twice and out of order.',
  'message.refunded':
    'Gives back points of a charged message, at most what was charged. The CloudEvents id is the refund id: one id, one refund.',
};
