import { z } from 'zod';
import { MAX_SENDER_NUMBERS, senderNumbers, writtenNumber } from './fields.js';

/**
 * The complete list of numbers to register. Numbers that are not in the list are removed. A number that occurs twice
 * counts once.
 */
export const putSenderNumbers = z
  .strictObject({
    senderNumbers: z
      .array(writtenNumber)
      .max(MAX_SENDER_NUMBERS)
      .meta({
        description: 'All registered numbers; what is not named is taken off, from the sub-accounts too',
        examples: [['+815012345678', '+815087654321']],
      }),
  })
  .meta({ id: 'PutSenderNumbers' });
export const senderNumbersView = z
  .object({ senderNumbers: senderNumbers.meta({ description: 'K Premium numbers, in the order given' }) })
  .meta({ id: 'RegisteredSenderNumbers' });
