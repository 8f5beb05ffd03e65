import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error.js';
import type { Logger } from './logger.js';

/** The variables of `baseConfig` for the connection to Kafka. */
export interface KafkaVariables {
  readonly KAFKA_BROKERS: string[];
  readonly KAFKA_TOPIC_PREFIX: string;
  readonly KAFKA_SSL: boolean;
  readonly KAFKA_SSL_CA_FILE?: string | undefined;
  readonly KAFKA_SASL_MECHANISM?: 'plain' | 'scram-sha-256' | 'scram-sha-512' | undefined;
  readonly KAFKA_SASL_USERNAME?: string | undefined;
  readonly KAFKA_SASL_PASSWORD?: string | undefined;
}

/** The shape of `KafkaConfig` in packages/kafka, repeated so that neither package depends on the other. */
export interface KafkaConnection {
  brokers: string[];
  clientId: string;
  topicPrefix?: string;
  ssl?: boolean | { ca: string };
  sasl?: { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'; username: string; password: string };
  log?: KafkaLog;
}

/** The logger of packages/kafka: fields first, as in pino. */
export interface KafkaLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * The connection to Kafka from the environment.
 *
 *
 * @throws ConfigError if SASL is incomplete or the CA file cannot be read
 */
export function kafkaConfigFrom(config: KafkaVariables, clientId: string, log?: Logger): KafkaConnection {
  const sasl = saslFrom(config);
  return {
    brokers: config.KAFKA_BROKERS,
    clientId,
    topicPrefix: config.KAFKA_TOPIC_PREFIX,
    ...(config.KAFKA_SSL ? { ssl: sslFrom(config) } : {}),
    ...(sasl ? { sasl } : {}),
    ...(log ? { log } : {}),
  };
}

function sslFrom(config: KafkaVariables): true | { ca: string } {
  if (config.KAFKA_SSL_CA_FILE === undefined) return true;
  try {
    return { ca: readFileSync(config.KAFKA_SSL_CA_FILE, 'utf8') };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new ConfigError([`KAFKA_SSL_CA_FILE must name a readable PEM file (${reason})`]);
  }
}

function saslFrom(config: KafkaVariables): KafkaConnection['sasl'] {
  const {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  } = config;
  if (mechanism === undefined && username === undefined && password === undefined) return undefined;
  if (mechanism !== undefined && username !== undefined && password !== undefined) {
    return { mechanism, username, password };
  }
  const names = {
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
  };
  throw new ConfigError(
    Object.entries(names)
      .filter(([, value]) => value === undefined)
      .map(([name]) => `${name} is missing: SASL needs its mechanism, user name and password together`),
  );
}
