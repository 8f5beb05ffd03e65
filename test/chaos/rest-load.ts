import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayClient, GatewayRefusal } from '@subledger/gateway-client';
import { type SeededRandom } from '@subledger/simulator';
import { newMessageId } from '@subledger/testing';

export interface LoadedAccount {
  readonly id: string;
  readonly subAccounts: readonly string[];
}

export interface AcceptedPurchase {
  readonly mainAccountId: string;
  readonly reference: string;
  readonly points: string;
}

export interface LoadOptions {
  readonly operator: GatewayClient;
  readonly upstream: GatewayClient;
  readonly accounts: readonly LoadedAccount[];
  readonly random: SeededRandom;
  readonly workers: number;
}

/** Milliseconds for which a write is repeated: far longer than any restart takes. */
const RETRY_FOR_MS = 90_000;
const PAUSE_MS = { min: 20, max: 120 };

/**
 * Clients that write without pause and repeat each write, with its Idempotency-Key, until it is answered. Accepted
 * writes are kept for the audit.
 */
export class RestLoad {
  readonly purchases: AcceptedPurchase[] = [];
  /** Writes answered with 2xx, and writes that the rules refused. */
  accepted = 0;
  refused = 0;
  /** Answers that neither a healthy nor a busy gateway gives. */
  readonly surprises: string[] = [];
  readonly #options: LoadOptions;
  #stopped = false;
  #workers: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get answered(): number {
    return this.accepted + this.refused;
  }

  start(): void {
    const { random, workers } = this.#options;
    this.#workers = Array.from({ length: workers }, () => this.#work(random.fork()));
  }

  /** Starts no more writes and waits until all started ones are answered. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  async #work(random: SeededRandom): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#writeOnce(random);
        this.accepted += 1;
      } catch (error) {
        if (error instanceof GatewayRefusal && error.answer.status === 409) this.refused += 1;
        else this.surprises.push(error instanceof Error ? error.message : String(error));
      }
      await delay(random.int(PAUSE_MS.min, PAUSE_MS.max));
    }
  }

  async #writeOnce(random: SeededRandom): Promise<void> {
    const account = random.pick(this.#options.accounts);
    const path = `/v1/main-accounts/${account.id}`;
    const sub = `${path}/sub-accounts/${random.pick(account.subAccounts)}`;
    const dice = random.next();
    if (dice < 0.45) return this.#purchase(account.id, random);
    if (dice < 0.65) return this.#write('PATCH', sub, { limit: String(random.int(0, 3_000)) });
    if (dice < 0.7) return this.#write('POST', `${sub}/boost`, { points: String(random.int(1, 50)) });
    if (dice < 0.8) return this.#write('POST', `${sub}/${random.pick(['pause', 'resume', 'resume'])}`);
    if (dice < 0.88)
      return this.#write('POST', `${sub}/${random.pick(['deactivate', 'reactivate', 'reactivate'])}`);
    return this.#hold(path, random.pick(account.subAccounts), random);
  }

  async #purchase(mainAccountId: string, random: SeededRandom): Promise<void> {
    const purchase = {
      points: `${random.int(1, 400)}.${random.int(1, 9)}`,
      reference: `chaos-${randomUUID()}`,
    };
    await this.#write('POST', `/v1/main-accounts/${mainAccountId}/purchases`, purchase);
    this.purchases.push({ mainAccountId, ...purchase });
  }

  async #hold(path: string, subAccountId: string, random: SeededRandom): Promise<void> {
    const messageId = newMessageId();
    const { upstream } = this.#options;
    const body = { subAccountId, messageId, points: String(random.int(1, 20)) };
    await upstream.callPersistently('POST', `${path}/holds`, { body, retryForMs: RETRY_FOR_MS });
    if (random.chance(0.5))
      await upstream.callPersistently('DELETE', `${path}/holds/${messageId}`, { retryForMs: RETRY_FOR_MS });
  }

  async #write(method: 'POST' | 'PATCH', path: string, body?: object): Promise<void> {
    const options = { retryForMs: RETRY_FOR_MS, ...(body === undefined ? {} : { body }) };
    await this.#options.operator.callPersistently(method, path, options);
  }
}
