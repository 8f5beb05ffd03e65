/** Everything that is pinned, in one place. */
export const KAFKA_VERSION = '4.4.0';
export const SCALA_VERSION = '2.13';
/** The version of slf4j-api that Kafka brings. */
export const SLF4J_VERSION = '1.7.36';
export const MIN_JAVA_MAJOR = 17;

export const HOST = '127.0.0.1';
export const DATABASE_USER = 'subledger';
export const DATABASE_NAME = 'subledger';

/** Fetching Kafka, the first time, over a slow line. */
export const KAFKA_FETCH_TIMEOUT_MS = 10 * 60_000;
export const KAFKA_START_TIMEOUT_MS = 90_000;
export const POSTGRES_INIT_TIMEOUT_MS = 60_000;
/** Long, because after a crash PostgreSQL first replays its log. */
export const POSTGRES_START_TIMEOUT_MS = 90_000;
export const EXISTING_SERVER_TIMEOUT_MS = 30_000;
