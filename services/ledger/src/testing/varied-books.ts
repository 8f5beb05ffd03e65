import { type LedgerHarness, newMain, newSub } from './ledger-harness.js';
import { type Customer, openCustomer, sentMessage } from './scenes.js';

/** Main accounts of `variedBooks`. Message ids of the prepay account describe what happened to them. */
export interface VariedBooks {
  readonly prepay: string;
  readonly postpay: string;
  /** Sub-accounts of the prepay account: with messages, with holds, deleted. */
  readonly subs: readonly [string, string, string];
}

const isAbout =
  (messageId: string, type: string) => (value: { type: string; data: { messageId?: string } }) =>
    value.type === `subledger.${type}.v1` && value.data.messageId === messageId;

/**
 * Books written by a real ledger, with all kinds of rows: holds settled, released, barred and open, overage, refunds,
 * a deleted sub-account, refusals, a month start, and late amounts for the previous month. No ledger is running
 * afterwards.
 */
export async function variedBooks(harness: LedgerHarness): Promise<VariedBooks> {
  const scene = new Scene(harness);
  const first = await harness.startLedger();
  const books = await scene.openAll();
  await scene.openMonth(books);
  await first.stop();
  await harness.db.query(
    "UPDATE main_accounts SET next_month_start = now() - interval '1 second' WHERE main_account_id = $1",
    [books.prepay],
  );
  const second = await harness.startLedger();
  await scene.nextMonth(books);
  await second.stop();
  return books;
}

class Scene {
  /** Before the month start, however fast the scene runs. */
  readonly #began = new Date(Date.now() - 60_000).toISOString();

  constructor(private readonly harness: LedgerHarness) {}

  async openAll(): Promise<VariedBooks> {
    const { harness } = this;
    const { mainAccountId: prepay, subAccountId } = await openCustomer(harness);
    const subs = [subAccountId, newSub(), newSub()] as const;
    await this.#command('sub-account.open', { mainAccountId: prepay, subAccountId: subs[1], limit: '50' });
    await this.#command('sub-account.open', { mainAccountId: prepay, subAccountId: subs[2], limit: '30' });
    const postpay = newMain();
    await this.#command('main-account.open', {
      mainAccountId: postpay,
      plan: 'postpay',
      timeZone: 'Europe/Berlin',
      creditLimit: '500',
    });
    await this.#command('feature.activate', { mainAccountId: postpay });
    await this.#command('sub-account.open', { mainAccountId: postpay, subAccountId: newSub(), limit: '200' });
    return { prepay, postpay, subs };
  }

  async openMonth({ prepay: mainAccountId, subs }: VariedBooks): Promise<void> {
    const [writer, holder, leaver] = subs.map((subAccountId) => ({ mainAccountId, subAccountId }));
    if (!writer || !holder || !leaver) return;
    await this.#sent(writer, 'plain', '20');
    await this.#hold(writer, 'settled', '15.5');
    await this.#sent(writer, 'settled', '10.25');
    await this.#hold(writer, 'released', '5');
    await this.#command('hold.release', { ...writer, messageId: 'released' });
    await this.#command('hold.release', { mainAccountId, messageId: 'barred' });
    await this.#sent(writer, 'refunded', '8');
    await this.#refund(writer, 'refunded', '5');
    await this.#sent(writer, 'overage', '90');
    await this.#hold(holder, 'open', '3');
    await this.#hold(holder, 'settled-late', '10');
    await this.#hold(holder, 'released-late', '4');
    await this.#command('sub-account.deactivate', leaver);
    await this.#command('sub-account.reactivate', leaver);
    await this.#sent(leaver, 'last', '4');
    await this.#command('sub-account.delete', leaver);
    await this.#command('limit.change', { ...holder, limit: '1000000' });
    const id = await this.#command('limit.boost', { ...holder, points: '5' });
    await this.harness.command('limit.boost', { ...holder, points: '6' }, id);
    await this.#command('main-account.suspend', { mainAccountId });
    await this.#command('main-account.resume', { mainAccountId });
  }

  async nextMonth({ prepay: mainAccountId, subs }: VariedBooks): Promise<void> {
    const [writer, holder] = subs.map((subAccountId) => ({ mainAccountId, subAccountId }));
    if (!writer || !holder) return;
    await this.#sent(writer, 'new-month', '12');
    await this.#sent(writer, 'late', '7', this.#began);
    await this.#refund(writer, 'plain', '2.5');
    await this.#sent(holder, 'settled-late', '6');
    await this.#command('hold.release', { ...holder, messageId: 'released-late' });
    await this.#hold(holder, 'open-too', '2');
    await this.#sent(writer, 'overage-too', '100');
  }

  async #command(...[name, data]: Parameters<LedgerHarness['command']>): Promise<string> {
    const id = await this.harness.command(name, data);
    await this.harness.outcome(id);
    return id;
  }

  async #hold(of: Customer, messageId: string, points: string): Promise<void> {
    await this.#command('hold.place', { ...of, messageId, points });
  }

  async #sent(
    of: Customer,
    messageId: string,
    points: string,
    sentAt = new Date(Date.now() + 1_000).toISOString(),
  ) {
    await this.harness.message('message.sent', { ...sentMessage(of, points, messageId), sentAt });
    await this.harness.events.until((values) => values.some(isAbout(messageId, 'message.charged')));
  }

  async #refund(of: Customer, messageId: string, points: string): Promise<void> {
    await this.harness.message('message.refunded', { ...of, messageId, points, reason: 'not delivered' });
    await this.harness.events.until((values) => values.some(isAbout(messageId, 'message.credited')));
  }
}
