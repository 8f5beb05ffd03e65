import { eventually, TopicReader } from '@subledger/testing';
import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  type CommandInput,
  type CommandName,
  commandType,
  type MessageName,
  makeCloudEvent,
  messageType,
  TOPICS,
  topicSettings,
} from '@subledger/contracts';
import { migrate } from '@subledger/database';
import { deleteTopics, ensureTopics, type KafkaConfig, RecordProducer } from '@subledger/kafka';
import { createLogger, Health, loadConfig, Registry } from '@subledger/service-kit';
import pg from 'pg';
import { type LedgerParts, type RunningLedger, startLedger } from '../app/start-ledger.js';
import { ledgerConfig } from '../config.js';
import { contractProblem } from './contract-problem.js';

export const PARTITIONS = 3;

/** A ledger with its logs and metrics. */
export interface WatchedLedger extends RunningLedger {
  readonly health: Health;
  readonly metrics: Registry;
  /** Errors, as JSON lines. */
  readonly logLines: readonly string[];
}

/** A database, topics and readers for one suite, on the test servers. */
export class LedgerHarness {
  readonly prefix = `t${randomBytes(4).toString('hex')}.`;
  readonly kafka: KafkaConfig;
  readonly databaseUrl: string;
  readonly db: pg.Pool;
  readonly producer: RecordProducer;
  /** What it publishes, from `open` on. */
  events!: TopicReader;
  limits!: TopicReader;
  deadLetters!: TopicReader;
  readonly #database: string;
  readonly #running: RunningLedger[] = [];

  constructor() {
    this.#database = `ledger_${this.prefix.slice(0, -1)}`;
    const url = new URL(required('TEST_DATABASE_URL'));
    url.pathname = `/${this.#database}`;
    this.databaseUrl = url.href;
    const brokers = required('TEST_KAFKA_BROKERS').split(',');
    this.kafka = { brokers, clientId: 'ledger-test', topicPrefix: this.prefix };
    this.db = new pg.Pool({ connectionString: this.databaseUrl, max: 2, options: '-c search_path=ledger' });
    this.db.on('error', () => undefined);
    this.producer = new RecordProducer(this.kafka);
  }

  async open(): Promise<void> {
    await admin(`CREATE DATABASE ${this.#database}`);
    const prisma = join(import.meta.dirname, '../../prisma');
    await migrate({
      databaseUrl: this.databaseUrl,
      schema: 'ledger',
      migrationsDir: join(prisma, 'migrations'),
      schemaFile: join(prisma, 'schema.prisma'),
    });
    await ensureTopics(
      this.kafka,
      topicSettings(PARTITIONS).map(({ name, partitions, config }) => ({ name, partitions, config })),
    );
    await this.producer.connect();
    [this.events, this.limits, this.deadLetters] = await Promise.all([
      TopicReader.open(this.kafka, TOPICS.events),
      TopicReader.open(this.kafka, TOPICS.limits),
      TopicReader.open(this.kafka, TOPICS.deadLetters),
    ]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((ledger) => ledger.stop()));
    await Promise.all([this.events.close(), this.limits.close(), this.deadLetters.close()]);
    await this.producer.close();
    await this.db.end();
    await deleteTopics(this.kafka, Object.values(TOPICS));
    await admin(`DROP DATABASE IF EXISTS ${this.#database} WITH (FORCE)`);
    this.#assertContracts();
  }

  /** Every suite checks all records that its ledgers published. */
  #assertContracts(): void {
    const published = [this.events, this.limits, this.deadLetters].flatMap(({ records }) => records);
    const problems = published.flatMap((record) => contractProblem(record) ?? []);
    if (problems.length > 0) throw new Error(`the ledger broke its contracts:\n${problems.join('\n')}`);
  }

  /** Starts a ledger in this process and waits until its lanes are running or have stopped. */
  async startLedger(env: Record<string, string> = {}, parts: LedgerParts = {}): Promise<WatchedLedger> {
    const config = loadConfig(ledgerConfig, {
      NODE_ENV: 'test',
      LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'error',
      DATABASE_URL: this.databaseUrl,
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      KAFKA_TOPIC_PREFIX: this.prefix,
      KAFKA_PARTITIONS: String(PARTITIONS),
      LANE_RETRY_MAX_MS: '500',
      ...env,
    });
    const logLines: string[] = [];
    const write = (line: string) => {
      logLines.push(line);
      if (process.env.TEST_LOG_LEVEL) process.stdout.write(line);
    };
    const log = createLogger({ service: 'ledger', level: config.LOG_LEVEL, stream: { write } });
    const health = new Health();
    const metrics = new Registry();
    const fail = () => undefined;
    const signal = new AbortController().signal;
    const ledger = await startLedger({ config, log, health, metrics, signal, fail }, parts);
    const stop = ledger.stop.bind(ledger);
    const own: WatchedLedger = {
      lanes: ledger.lanes,
      health,
      metrics,
      logLines,
      stop: async () => {
        this.#running.splice(this.#running.indexOf(own), 1);
        health.close();
        await stop();
      },
    };
    this.#running.push(own);
    await eventually(() =>
      allLanes(own).every((lane) => lane?.state === 'running' || lane?.state === 'broken'),
    );
    return own;
  }

  /**
   * Sends a command like the gateway.
   * @returns its id
   */
  async command<Name extends CommandName>(
    name: Name,
    data: CommandInput<Name> & { mainAccountId: string },
    id: string = randomUUID(),
  ): Promise<string> {
    await this.send(TOPICS.commands, data.mainAccountId, event(commandType(name), id, data));
    return id;
  }

  /**
   * Reports a message like the SMS service.
   * @returns the event's id
   */
  async message(
    name: MessageName,
    data: Record<string, unknown> & { mainAccountId: string },
    id: string = randomUUID(),
  ): Promise<string> {
    await this.send(TOPICS.messages, data.mainAccountId, event(messageType(name), id, data));
    return id;
  }

  async send(
    topic: string,
    key: string | null,
    value: string | Buffer | null,
    partition?: number,
  ): Promise<void> {
    await this.producer.send([{ topic, key, value, ...(partition === undefined ? {} : { partition }) }]);
  }

  /** The event that a command caused. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever is there
  async outcome(commandId: string): Promise<any> {
    const isIt = (value: { data: { cause: { id: string } } }) => value.data.cause.id === commandId;
    return (await this.events.until((values) => values.some(isIt))).find(isIt);
  }

  async one<Row>(sql: string, values: unknown[] = []): Promise<Row> {
    return (await this.db.query(sql, values)).rows[0] as Row;
  }
}

export const allLanes = (ledger: RunningLedger) =>
  Array.from({ length: PARTITIONS }, (_, lane) => ledger.lanes.get(lane));

/** CloudEvents JSON of a command or message, with the current time. */
export function event(type: string, id: string, data: object): string {
  const time = new Date().toISOString();
  return JSON.stringify(makeCloudEvent(type, { id, source: '/test', time, data }));
}

export const newMain = (): string => `ma_${randomUUID()}`;
export const newSub = (): string => `sa_${randomUUID()}`;

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; Jest's global setup does`);
  return value;
}

async function admin(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: required('TEST_DATABASE_URL') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
