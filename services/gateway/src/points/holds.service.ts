import { parsePoints } from '@subledger/core';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { DirectRunner } from '../operations/direct-runner.js';
import type { Answer } from '../request/idempotency.js';
import type { ValidatedRequest } from '../request/validated-request.js';
import { requireAllowedSender } from '../sender-numbers/sender-numbers.service.js';

const isSame = (one: string | undefined, other: string): boolean =>
  one !== undefined && parsePoints(one) === parsePoints(other);

/** Holds: the SMS service reserves the points of a message before it sends. */
export class HoldsService {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly runner: DirectRunner,
  ) {}

  async place(request: ValidatedRequest<'placeHold'>): Promise<Answer> {
    const mainAccountId = request.params.id;
    const { sender, ...hold } = request.body;
    const { subAccountId, messageId } = hold;
    if (sender !== undefined)
      await requireAllowedSender(this.prisma, { mainAccountId, subAccountId, sender });
    return this.runner.run(request, {
      mainAccountId,
      subAccountId,
      command: { name: 'hold.place', data: { mainAccountId, ...hold } },
      isAbout: (outcome) => outcome.messageId === messageId && isSame(outcome.points, hold.points),
      answer: ({ points, expiresAt, remainingAfter }) => ({
        status: 201,
        headers: {
          location: `/v1/main-accounts/${mainAccountId}/holds/${encodeURIComponent(messageId)}`,
        },
        body: { messageId, subAccountId, points, expiresAt, remaining: remainingAfter },
      }),
    });
  }

  release(request: ValidatedRequest<'releaseHold'>): Promise<Answer> {
    const { id: mainAccountId, messageId } = request.params;
    return this.runner.run(request, {
      mainAccountId,
      command: { name: 'hold.release', data: { mainAccountId, messageId } },
      isAbout: (outcome) => outcome.messageId === messageId,
      answer: ({ points }) => ({ status: 200, body: { messageId, points: points ?? '0' } }),
    });
  }
}
