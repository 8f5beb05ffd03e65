import type { Decision } from '../outcome.js';
import type { MainAccount } from '../state.js';
import { detailOf } from './auditor.js';
import { check, equal } from './check.js';

/** Follows automatic suspensions from their events alone, and compares them with the balance. */
export class SuspensionAuditor {
  readonly #begun = new Set<string>();

  judge(main: MainAccount, { events }: Extract<Decision, { kind: 'decided' }>): void {
    for (const event of events) {
      if (event.name === 'main-account.sending-stopped') {
        const { reason } = detailOf(event, event.name);
        check(!this.#begun.has(reason), `stopped twice: ${reason}`);
        this.#begun.add(reason);
      }
      if (event.name === 'main-account.sending-resumed')
        check(this.#begun.delete(detailOf(event, event.name).reason), 'resumed, and was not stopped');
    }
    const credit = main.plan === 'postpay' ? main.creditLimit : 0n;
    const isLow = main.suspendBelow !== null && credit !== null && main.balance + credit < main.suspendBelow;
    equal(this.#begun.has('low-balance'), isLow, 'stopped for a low balance');
    equal(this.#begun.has('month-start-failed'), main.monthStartFailed, 'stopped for a failed month start');
  }
}
