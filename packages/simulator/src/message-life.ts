import type { MessageStatus } from '@subledger/contracts';
import type { MessageReport } from '@subledger/upstream';
import type { SeededRandom } from './seeded-random.js';

export interface Shares {
  /** Share of all messages that are not delivered. */
  readonly failed: number;
  /** Share of all messages that do not reach the phone in time. */
  readonly expired: number;
  /** Share of failed messages that are refunded. */
  readonly refunded: number;
}

export const USUAL_SHARES: Shares = { failed: 0.04, expired: 0.02, refunded: 0.5 };

export interface SentMessage {
  readonly messageId: string;
  readonly mainAccountId: string;
  readonly subAccountId: string;
  readonly points: string;
}

/** A report that is due some time after its message was sent. */
export interface LaterReport {
  readonly afterMs: number;
  readonly kind: MessageStatus | 'refund';
  /** Made with the time at which it is reported. */
  readonly report: (at: string) => MessageReport;
}

/** The reports of a message: passed to the carrier, then its end, then perhaps a refund. */
export function lifeOf(
  message: SentMessage,
  random: SeededRandom,
  shares: Shares,
  deliveryMs: { readonly min: number; readonly max: number },
): LaterReport[] {
  const { points: _points, ...ids } = message;
  const status = (kind: MessageStatus, afterMs: number): LaterReport => ({
    afterMs,
    kind,
    report: (at) => ({
      type: 'message.status',
      ...ids,
      id: `${message.messageId}:${kind}`,
      status: kind,
      at,
    }),
  });
  const passedMs = random.int(Math.floor(deliveryMs.min / 4), Math.ceil(deliveryMs.max / 4));
  const endMs = passedMs + random.int(deliveryMs.min, deliveryMs.max);
  const end = endOf(random.next(), shares);
  const reports = [status('MESSAGE_PASSED_TO_CARRIER_FOR_DELIVERY', passedMs), status(end, endMs)];
  const refund = random.chance(shares.refunded);
  if (end === 'MESSAGE_DELIVERY_FAILED' && refund) reports.push(refundOf(message, endMs + deliveryMs.min));
  return reports;
}

function endOf(dice: number, { failed, expired }: Shares): MessageStatus {
  if (dice < failed) return 'MESSAGE_DELIVERY_FAILED';
  return dice < failed + expired ? 'MESSAGE_EXPIRED' : 'MESSAGE_DELIVERY_COMPLETE';
}

function refundOf(message: SentMessage, afterMs: number): LaterReport {
  const reason = 'delivery failed';
  return {
    afterMs,
    kind: 'refund',
    report: () => ({ type: 'message.refunded', ...message, refundId: `${message.messageId}:refund`, reason }),
  };
}
