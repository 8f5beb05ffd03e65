import type { Logger, Registry } from '@subledger/service-kit';
import type { SessionStore } from '../access/session-store.js';
import type { GatewayConfig } from '../config.js';
import type { Database } from '../database/open-database.js';
import { readingFrom } from '../database/sql-reader.js';
import { MainAccountsStore } from '../main-accounts/main-accounts-store.js';
import type { CustomerLimits } from '../request/customer-limits.js';
import { ChangesQuery } from './changes-query.js';
import { FirstLook } from './first-look.js';
import { NextLook } from './next-look.js';
import { StreamCredentials } from './stream-credentials.js';
import { StreamHub } from './stream-hub.js';
import { StreamsService } from './streams.service.js';
import { WatchList } from './watch-list.js';

/** Heartbeats for which the rows of a crashed instance stay, and the minimum in milliseconds. */
const KEEP_HEARTBEATS = 4;
const LEAST_KEEP_MS = 60_000;

interface Given {
  readonly config: GatewayConfig;
  readonly database: Pick<Database, 'prisma' | 'pool'>;
  readonly sessions: SessionStore;
  readonly publicUrl: string;
  readonly customers: CustomerLimits;
  readonly metrics: Registry;
  readonly log: Logger;
}

/** Connects the parts of server-sent events. */
export function openStreams({ config, database, sessions, publicUrl, customers, metrics, log }: Given): {
  hub: StreamHub;
  streams: StreamsService;
} {
  const { prisma, pool } = database;
  const heartbeatMs = config.STREAM_HEARTBEAT_MS;
  const changes = new ChangesQuery(prisma, new MainAccountsStore(readingFrom(pool), publicUrl));
  const hub = new StreamHub(
    new WatchList(prisma, Math.max(KEEP_HEARTBEATS * heartbeatMs, LEAST_KEEP_MS)),
    new NextLook(prisma, changes, publicUrl),
    new StreamCredentials(prisma, sessions),
    heartbeatMs,
    metrics,
    log,
  );
  const limits = {
    max: config.STREAMS_MAX,
    perMainAccount: config.STREAMS_PER_MAIN_ACCOUNT,
    perCredential: config.STREAMS_PER_CREDENTIAL,
    bufferBytes: config.STREAM_BUFFER_BYTES,
  };
  const first = new FirstLook(prisma, changes, { heartbeatMs, publicUrl });
  const streams = new StreamsService(hub, first, limits, customers);
  return { hub, streams };
}
