import type { Asked } from '../http/asked.js';
import type { Answer } from '../operations/idempotency.js';
import type { WriteRunner } from '../operations/write-runner.js';
import type { MainAccountsStore } from './main-accounts-store.js';

/** The strict check of the SMS service before it sends: points set aside for one message. */
export class HoldsService {
  constructor(
    private readonly mains: MainAccountsStore,
    private readonly runner: WriteRunner,
  ) {}

  async place(asked: Asked<'placeHold'>): Promise<Answer> {
    const mainAccountId = asked.params.id;
    // `sender` is checked against the registered numbers once those can be registered.
    const { sender: _sender, ...hold } = asked.body;
    await this.mains.get(mainAccountId);
    return this.runner.run(asked, {
      mainAccountId,
      subAccountId: hold.subAccountId,
      command: { name: 'hold.place', data: { mainAccountId, ...hold } },
      answer: async ({ outcome }) => ({
        status: 201,
        headers: {
          location: `/v1/main-accounts/${mainAccountId}/holds/${encodeURIComponent(hold.messageId)}`,
        },
        body: {
          messageId: hold.messageId,
          subAccountId: hold.subAccountId,
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
