import { TOPICS } from '@subledger/contracts';
import type { OutgoingRecord } from '@subledger/kafka';

/** Of one main account. */
const SUB_ACCOUNTS_EACH = 100;

/** As long as a real id. */
const uuidOf = (kind: string, n: number) => `019a8f3e-${kind}-7d52-9f00-${String(n).padStart(12, '0')}`;
export const subAccountIdOf = (n: number) => `sa_${uuidOf('7c1b', n)}`;
const mainAccountIdOf = (n: number) => `ma_${uuidOf('7c1a', Math.floor(n / SUB_ACCOUNTS_EACH))}`;

/** One limit record for each sub-account, as the ledger writes them. */
export function* limitRecords(subAccounts: number): Generator<OutgoingRecord> {
  for (let n = 0; n < subAccounts; n += 1) {
    const subAccountId = subAccountIdOf(n);
    const used = n % 900;
    const value = {
      subAccountId,
      mainAccountId: mainAccountIdOf(n),
      status: 'active',
      period: '2026-11',
      limit: '1000',
      boost: '0',
      granted: '1000',
      used: `${used}.5`,
      held: '0',
      remaining: `${999 - used}.5`,
      generation: 1,
      sequence: n + 1,
      position: null,
    };
    yield { topic: TOPICS.limits, key: subAccountId, value: JSON.stringify(value) };
  }
}

/** One profile for each: a number of its own for every tenth, the main account's for the others. */
export function* profileRecords(subAccounts: number): Generator<OutgoingRecord> {
  for (let n = 0; n < subAccounts; n += 1) {
    const subAccountId = subAccountIdOf(n);
    const owner = n % 10 === 0 ? n : Math.floor(n / SUB_ACCOUNTS_EACH);
    const value = {
      subAccountId,
      mainAccountId: mainAccountIdOf(n),
      name: `Department${n}`,
      senderNumbers: [`+8150${String(owner).padStart(8, '0')}`],
      version: 1,
      updatedAt: '2026-11-24T09:00:00.000Z',
    };
    yield { topic: TOPICS.profiles, key: subAccountId, value: JSON.stringify(value) };
  }
}
