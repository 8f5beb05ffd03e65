import { isSenderNumber } from '@subledger/contracts';
import type { Asked } from '../http/asked.js';
import type { Answer } from '../operations/idempotency.js';
import type { Transaction, WriteRunner } from '../operations/write-runner.js';
import type { MainAccountsStore } from './main-accounts-store.js';
import { requireAllowedSender } from './sender-numbers.service.js';

/** The strict check of the SMS service before it sends: points set aside for one message. */
export class HoldsService {
  constructor(
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  async place(asked: Asked<'placeHold'>): Promise<Answer> {
    const mainAccountId = asked.params.id;
    const { sender, ...hold } = asked.body;
    const { subAccountId } = hold;
    await this.mains.get(mainAccountId);
    return this.runner.run(asked, {
      mainAccountId,
      subAccountId,
      command: { name: 'hold.place', data: { mainAccountId, ...hold } },
      // Together with the commit: a repeat of a hold that was placed is not judged again.
      ...(sender !== undefined && isSenderNumber(sender)
        ? { prepare: (tx: Transaction) => requireAllowedSender(tx, { mainAccountId, subAccountId, sender }) }
        : {}),
      answer: async ({ outcome }) => ({
        status: 201,
        headers: {
          location: `/v1/main-accounts/${mainAccountId}/holds/${encodeURIComponent(hold.messageId)}`,
        },
        body: {
          messageId: hold.messageId,
          subAccountId,
          points: outcome?.points ?? hold.points,
          expiresAt: outcome?.expiresAt,
          remaining: outcome?.remainingAfter,
        },
      }),
    });
  }

  async release(asked: Asked<'releaseHold'>): Promise<Answer> {
    const { id: mainAccountId, messageId } = asked.params;
    await this.mains.get(mainAccountId);
    return this.runner.run(asked, {
      mainAccountId,
      command: { name: 'hold.release', data: { mainAccountId, messageId } },
      answer: async ({ outcome }) => ({ status: 200, body: { messageId, points: outcome?.points ?? '0' } }),
    });
  }
}
