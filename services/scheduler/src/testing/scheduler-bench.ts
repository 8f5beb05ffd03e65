import { randomUUID } from 'node:crypto';
import { TOPICS, topicSettings } from '@subledger/contracts';
import { type Input, periodStart, wholePoints, ZERO } from '@subledger/core';
import { deleteTopics, ensureTopics, type KafkaConfig } from '@subledger/kafka';
import { createLogger, Health, loadConfig, Registry } from '@subledger/service-kit';
import { CoreLedger, createTestDatabase, newSubAccountId, type TestDatabase } from '@subledger/testing';
import { schedulerConfig } from '../config.js';
import { startScheduler } from '../start-scheduler.js';

const silentLog = createLogger({
  service: 'test',
  level: (process.env.TEST_LOG as 'silent') ?? 'silent',
});

/** A database and topics, a ledger in memory, and as many schedulers as a test needs. */
export class SchedulerBench {
  readonly #started = new Set<{ stop(): Promise<void> }>();

  private constructor(
    readonly database: TestDatabase,
    readonly kafka: KafkaConfig,
    readonly ledger: CoreLedger,
  ) {}

  static async open(): Promise<SchedulerBench> {
    const brokers = process.env.TEST_KAFKA_BROKERS;
    if (!brokers) throw new Error('TEST_KAFKA_BROKERS is not set: run the suites with npm test');
    const database = await createTestDatabase({ services: ['scheduler'] });
    const topicPrefix = `t${randomUUID().slice(0, 8)}.`;
    const kafka = { brokers: brokers.split(','), clientId: 'scheduler-test', topicPrefix };
    await ensureTopics(
      kafka,
      topicSettings(2).map((topic) => ({ ...topic, config: { ...topic.config } })),
    );
    const ledger = new CoreLedger(kafka, Date.now());
    await ledger.start();
    return new SchedulerBench(database, kafka, ledger);
  }

  /** The environment of a scheduler, or of a job, in this bench. */
  get env(): Record<string, string> {
    return {
      NODE_ENV: 'test',
      DATABASE_URL: this.database.url,
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      KAFKA_TOPIC_PREFIX: this.kafka.topicPrefix ?? '',
    };
  }

  /** Starts a scheduler in this process. Stop it, or let `close` stop it. */
  async startScheduler(env: Record<string, string> = {}) {
    const config = loadConfig(schedulerConfig, { ...this.env, ...env });
    const health = new Health();
    const metrics = new Registry();
    const running = await startScheduler({ config, log: silentLog, health, metrics });
    health.markUp();
    const scheduler = {
      health,
      metrics,
      stop: async () => {
        this.#started.delete(scheduler);
        health.close();
        await running.stop();
      },
    };
    this.#started.add(scheduler);
    return scheduler;
  }

  /**
   * Opens a main account that is in `period`, and publishes its events unless `publish` is false.
   * @param unfunded sub-accounts for which each later month start has no points
   */
  async openAccount(
    mainAccountId: string,
    period: string,
    { timeZone = 'Asia/Tokyo', unfunded = 0, publish = true } = {},
  ): Promise<void> {
    const at = periodStart(period, timeZone) + 1;
    const command = (name: string, data: object = {}) =>
      ({ kind: 'command', name, mainAccountId, at, data }) as Input;
    const points = wholePoints(1);
    const subs = Array.from({ length: unfunded }, () => newSubAccountId());
    const spendAll = subs.flatMap((subAccountId): Input[] => [
      command('points.purchase', { points, reference: subAccountId }),
      command('sub-account.open', { subAccountId, limit: points }),
      { kind: 'message.sent', mainAccountId, at, messageId: subAccountId, subAccountId, sentAt: at, points },
    ]);
    const inputs = [
      command('main-account.open', { plan: 'prepay', timeZone, creditLimit: ZERO, fundingPolicy: 'full' }),
      command('feature.activate'),
      ...spendAll,
    ];
    if (publish) await this.ledger.decide(...inputs);
    else for (const input of inputs) this.ledger.decideUnseen(input);
  }

  /** The periods of the roll commands of a main account, in order of arrival. */
  periodsOf(mainAccountId: string): unknown[] {
    const { seen } = this.ledger;
    return seen.filter((roll) => roll.mainAccountId === mainAccountId).map(({ data }) => data.period);
  }

  /** Rows of the scheduler's schema. */
  async rows<Row extends object>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const { rows } = await this.database.client.query<Row>(sql, parameters);
    return rows;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#started].map((scheduler) => scheduler.stop()));
    await this.ledger.stop();
    await deleteTopics(this.kafka, Object.values(TOPICS));
    await this.database.drop();
  }
}
