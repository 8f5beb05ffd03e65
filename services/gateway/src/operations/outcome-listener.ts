import type { Logger } from '@subledger/service-kit';
import pg from 'pg';
import type { ChangeNotice } from './change-notice.js';
import { OUTCOME_CHANNEL } from './outcome-channel.js';
import { isUnnamed, type OutcomeNotice } from './outcome-notice.js';
import type { OutcomeRoom } from './outcome-room.js';
import type { Sweeper } from './sweeper.js';
import type { WaitingRoom } from './waiting-room.js';

const RECONNECT_MS = 500;
const PROBE_EVERY_MS = 5_000;
const PROBE_TIMEOUT_MS = 2_000;

/** Streams of this instance, as the listener knows them. */
export interface StreamsToTell {
  heard(changed: ChangeNotice): void;
  /** Whether notices arrive: on each change some may have been missed. */
  setHearing(hearing: boolean): void;
  /** @param keyId by `toKeyId` */
  endOfKey(keyId: string): void;
}

/** The parts of an instance that notices are for. */
export interface WhoIsTold {
  readonly room: WaitingRoom;
  readonly direct: OutcomeRoom;
  readonly sweeper: Pick<Sweeper, 'sweepSoon'>;
  readonly keys: { forget(keyId: string): void };
  readonly webhooks: { add(mainAccountId: string): void };
  readonly streams: StreamsToTell;
}

/** Listens on a connection of its own; after a loss it connects again while those who wait poll. */
export class OutcomeListener {
  private client: pg.Client | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly tell: WhoIsTold,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    await this.connect();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => {});
  }

  private async connect(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client({
      connectionString: this.databaseUrl,
      application_name: 'gateway-listen',
      connectionTimeoutMillis: PROBE_TIMEOUT_MS,
      query_timeout: PROBE_TIMEOUT_MS,
      keepAlive: true,
    });
    client.on('error', () => this.lost(client));
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => this.heard(payload));
    this.client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${OUTCOME_CHANNEL}`);
      this.tell.room.setHearing(true);
      this.tell.streams.setHearing(true);
      this.probeLater(client);
    } catch (error) {
      this.log.debug({ err: error }, 'cannot listen for outcomes yet');
      this.lost(client);
    }
  }

  private heard(payload: string | undefined): void {
    const notice = JSON.parse(payload ?? '{}') as OutcomeNotice;
    if (notice.send) this.tell.sweeper.sweepSoon();
    for (const outcome of notice.direct ?? []) this.tell.direct.tell(outcome);
    if (notice.changed !== undefined) this.tell.streams.heard(notice.changed);
    if (notice.listens !== undefined) this.tell.webhooks.add(notice.listens);
    if (notice.revoked !== undefined) {
      this.tell.keys.forget(notice.revoked);
      this.tell.streams.endOfKey(notice.revoked);
    }
    for (const { id, outcome } of notice.ended ?? []) this.tell.room.wake(id, outcome);
    for (const id of notice.done ?? []) this.tell.room.wake(id);
    if (isUnnamed(notice)) void this.tell.room.look();
  }

  /** A connection that went silent (network, stopped server) would otherwise look alive for ever. */
  private probeLater(client: pg.Client): void {
    this.timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.client === client && this.probeLater(client),
        () => this.lost(client),
      );
    }, PROBE_EVERY_MS);
    this.timer.unref();
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    this.tell.room.setHearing(false);
    this.tell.streams.setHearing(false);
    clearTimeout(this.timer);
    client.end().catch(() => {});
    if (this.closed) return;
    this.timer = setTimeout(() => void this.connect(), RECONNECT_MS);
    this.timer.unref();
  }
}
