import net from 'node:net';
import tls from 'node:tls';
import kafkajs, { type ISocketFactoryArgs, type Kafka, type KafkaConfig as LibraryConfig } from 'kafkajs';
import type { KafkaConfig } from '../config.js';
import { createLogSink, type LibraryLogEntry } from './client-log.js';
import { endWithFailedJoins } from './failed-joins.js';
import { speedUpFetch } from './fetch-decoding.js';
import { waitLongerWhenIdle } from './idle-fetches.js';
import { speedUpProduce } from './produce-encoding.js';
import { fixNegativeTimeouts } from './request-queue-fix.js';
import { rememberTransactionCoordinators } from './transaction-coordinator.js';

const KEEP_ALIVE_MS = 60_000;

export interface ClientOptions {
  /** Retries inside kafkajs, per call. Later retries are made by our classes, where callers can see them. */
  retries: number;
  initialRetryTimeMs: number;
  maxRetryTimeMs: number;
  requestTimeoutMs?: number;
  watchLog?(entry: LibraryLogEntry): void;
}

/** The only place that constructs a kafkajs client. */
export function createClient(config: KafkaConfig, options: ClientOptions): Kafka {
  fixNegativeTimeouts();
  speedUpProduce();
  speedUpFetch();
  rememberTransactionCoordinators();
  endWithFailedJoins();
  waitLongerWhenIdle();
  const library: LibraryConfig = {
    brokers: config.brokers,
    clientId: config.clientId,
    connectionTimeout: 3_000,
    requestTimeout: options.requestTimeoutMs ?? 10_000,
    retry: {
      retries: options.retries,
      initialRetryTime: options.initialRetryTimeMs,
      maxRetryTime: options.maxRetryTimeMs,
      // kafkajs restarts a crashed consumer in some cases only. BatchConsumer always does, so kafkajs must never.
      restartOnFailure: async () => false,
    },
    logLevel: kafkajs.logLevel.INFO,
    logCreator: createLogSink(config.log, options.watchLog) as NonNullable<LibraryConfig['logCreator']>,
  };
  if (config.ssl !== undefined) {
    library.ssl =
      typeof config.ssl === 'boolean'
        ? config.ssl
        : {
            ...(config.ssl.ca === undefined ? {} : { ca: [config.ssl.ca] }),
            ...(config.ssl.cert === undefined ? {} : { cert: config.ssl.cert }),
            ...(config.ssl.key === undefined ? {} : { key: config.ssl.key }),
          };
  }
  if (config.sasl !== undefined) library.sasl = config.sasl as NonNullable<LibraryConfig['sasl']>;
  const dial = config.dial ?? ((host: string, port: number) => ({ host, port }));
  library.socketFactory = (args) => openSocket(args, dial);
  return new kafkajs.Kafka(library);
}

function openSocket(
  { host, port, ssl, onConnect }: ISocketFactoryArgs,
  dial: NonNullable<KafkaConfig['dial']>,
): net.Socket {
  const target = dial(host, port);
  const socket = ssl
    ? tls.connect({ ...target, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : net.connect(target, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // Otherwise the end of a large request waits until the broker has acknowledged the bytes before it. kafkajs does
  // not set it.
  socket.setNoDelay(true);
  return socket;
}

/** Adds and removes the configured prefix. */
export class TopicNames {
  readonly #prefix: string;
  constructor(config: KafkaConfig) {
    this.#prefix = config.topicPrefix ?? '';
  }
  toWire(topic: string): string {
    return this.#prefix + topic;
  }
  fromWire(topic: string): string {
    return topic.startsWith(this.#prefix) ? topic.slice(this.#prefix.length) : topic;
  }
}
