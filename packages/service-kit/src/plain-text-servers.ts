import { ConfigError } from './config-error.js';
import { refuseDefaultBaseSecrets } from './secrets.js';

interface KafkaGiven {
  readonly NODE_ENV: string;
  readonly KAFKA_SSL: boolean;
  readonly ALLOW_INSECURE_KAFKA: boolean;
}
interface DatabaseGiven {
  readonly NODE_ENV: string;
  readonly DATABASE_URL: string;
  readonly ALLOW_INSECURE_DATABASE: boolean;
}
interface BaseGiven extends KafkaGiven, DatabaseGiven {
  readonly KAFKA_SASL_MECHANISM?: string | undefined;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
}

/** With these modes `pg` connects only by TLS, and checks the server's certificate. */
const TLS_MODES = new Set(['require', 'verify-ca', 'verify-full']);

/** @throws ConfigError if production would reach Kafka in plain text without explicit permission */
export function refusePlainTextKafka({ NODE_ENV, KAFKA_SSL, ALLOW_INSECURE_KAFKA }: KafkaGiven): void {
  if (NODE_ENV !== 'production' || KAFKA_SSL || ALLOW_INSECURE_KAFKA) return;
  throw new ConfigError([
    'KAFKA_SSL must be true in production; where the network to the brokers is trusted, set ALLOW_INSECURE_KAFKA=true',
  ]);
}

/** @throws ConfigError if production would reach PostgreSQL in plain text without explicit permission */
export function refusePlainTextDatabase(given: DatabaseGiven): void {
  const { NODE_ENV, DATABASE_URL, ALLOW_INSECURE_DATABASE } = given;
  if (NODE_ENV !== 'production' || ALLOW_INSECURE_DATABASE || isSafe(new URL(DATABASE_URL))) return;
  throw new ConfigError([
    'DATABASE_URL must have sslmode=verify-full (or verify-ca, require) in production; where the network to the database ' +
      'is trusted, set ALLOW_INSECURE_DATABASE=true',
  ]);
}

/** A socket is a file of the same machine, so there is no network to listen on. */
function isSafe({ searchParams }: URL): boolean {
  const mode = searchParams.get('sslmode');
  if (mode !== null) return TLS_MODES.has(mode);
  return searchParams.get('ssl') === 'true' || searchParams.get('host')?.startsWith('/') === true;
}

/**
 * Checks of every program with the base variables before it connects: in production no well-known secrets, and no
 * plain text without permission.
 *
 *
 * @throws ConfigError with every variable to change, never its value
 */
export function refuseUnsafeBase(config: BaseGiven): void {
  const problems = [refuseDefaultBaseSecrets, refusePlainTextKafka, refusePlainTextDatabase].flatMap(
    (refuse) => {
      try {
        refuse(config);
        return [];
      } catch (error) {
        if (error instanceof ConfigError) return error.problems;
        throw error;
      }
    },
  );
  if (problems.length > 0) throw new ConfigError(problems);
}
