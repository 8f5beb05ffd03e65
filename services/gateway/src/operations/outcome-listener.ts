import type { Logger } from '@subledger/service-kit';
import pg from 'pg';
import type { ChangeNotice } from './change-notice.js';
import { OUTCOME_CHANNEL } from './outcome-channel.js';
import { isUnnamed, type OutcomeNotice } from './outcome-notice.js';
import type { PendingDirectRequests } from './pending-direct-requests.js';
import type { PendingRequests } from './pending-requests.js';
import type { Sweeper } from './sweeper.js';

const RECONNECT_MS = 500;
const PROBE_EVERY_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;

/** The streams of this instance that notices concern. */
export interface NotifiedStreams {
  notify(changed: ChangeNotice): void;
  /** Whether notices arrive. Each change means that some may have been missed. */
  setListening(listening: boolean): void;
  /** @param keyId by `toKeyId` */
  endOfKey(keyId: string): void;
}

/** The parts of an instance that get notices. */
export interface Notified {
  readonly pending: PendingRequests;
  readonly direct: PendingDirectRequests;
  readonly sweeper: Pick<Sweeper, 'sweepSoon'>;
  readonly keys: { forget(keyId: string): void };
  readonly webhooks: { add(mainAccountId: string): void };
  readonly streams: NotifiedStreams;
}

/** Listens on its own connection. After a loss it reconnects, and waiting requests poll meanwhile. */
export class OutcomeListener {
  #client: pg.Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly notified: Notified,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    await this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      application_name: 'gateway-listen',
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#onNotification(payload));
    this.#client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${OUTCOME_CHANNEL}`);
      this.notified.pending.setListening(true);
      this.notified.streams.setListening(true);
      this.#probeLater(client);
    } catch (error) {
      this.log.debug({ err: error }, 'cannot listen for outcomes yet');
      this.#lost(client);
    }
  }

  #onNotification(payload: string | undefined): void {
    const notice = JSON.parse(payload ?? '{}') as OutcomeNotice;
    if (notice.send) this.notified.sweeper.sweepSoon();
    for (const outcome of notice.direct ?? []) this.notified.direct.notify(outcome);
    if (notice.changed !== undefined) this.notified.streams.notify(notice.changed);
    if (notice.listens !== undefined) this.notified.webhooks.add(notice.listens);
    if (notice.revoked !== undefined) {
      this.notified.keys.forget(notice.revoked);
      this.notified.streams.endOfKey(notice.revoked);
    }
    for (const { id, outcome } of notice.ended ?? []) this.notified.pending.wake(id, outcome);
    for (const id of notice.done ?? []) this.notified.pending.wake(id);
    if (isUnnamed(notice)) void this.notified.pending.look();
  }

  /** Without a probe, a silent connection (network, stopped server) would look alive forever. */
  #probeLater(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.#client === client && this.#probeLater(client),
        () => this.#lost(client),
      );
    }, PROBE_EVERY_MS);
    this.#timer.unref();
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.notified.pending.setListening(false);
    this.notified.streams.setListening(false);
    clearTimeout(this.#timer);
    client.end().catch(() => {});
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#connect(), RECONNECT_MS);
    this.#timer.unref();
  }
}
