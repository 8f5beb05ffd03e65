import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Controller, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { eventually } from '@subledger/testing-base';
import { createTopics, testConfig } from '../broker.fixture.js';
import type { KafkaConfig, KafkaRecord } from '../config.js';
import { RecordProducer } from '../produce/record-producer.js';
import { KafkaBatchContext } from './kafka-batch-context.js';
import { KafkaBatchServer } from './kafka-batch-server.js';

interface Call {
  topic: string;
  values: string[];
}
const calls: Call[] = [];
const failures = { left: 0 };

@Controller()
class Handlers {
  @EventPattern<string>('orders.v1')
  async orders(@Payload() records: KafkaRecord[], @Ctx() context: KafkaBatchContext): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (failures.left > 0) {
      failures.left -= 1;
      throw new Error('the database is away');
    }
    calls.push({ topic: context.topic, values: records.map((record) => String(record.value)) });
  }

  @EventPattern<string>('payments.v1')
  payments(@Payload() records: KafkaRecord[], @Ctx() context: KafkaBatchContext): void {
    calls.push({
      topic: `${context.topic}/${context.partition}`,
      values: records.map((record) => record.key ?? ''),
    });
  }
}
@Module({ controllers: [Handlers] })
class HandlersModule {}

@Controller()
class Requests {
  @MessagePattern('orders.v1')
  orders(): string {
    return 'no';
  }
}
@Module({ controllers: [Requests] })
class RequestsModule {}

describe('KafkaBatchServer', () => {
  let config: KafkaConfig;
  let removeTopics: () => Promise<void>;
  let server: KafkaBatchServer;
  let app: INestMicroservice | undefined;
  let producer: RecordProducer;

  beforeEach(async () => {
    config = testConfig();
    calls.length = 0;
    removeTopics = await createTopics(config, { 'orders.v1': 2, 'payments.v1': 2 });
    producer = new RecordProducer(config);
    server = new KafkaBatchServer(config, {
      groupId: `${config.topicPrefix}g`,
      fromBeginning: true,
      commit: 'after-batch',
    });
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await producer.close();
    await removeTopics();
  });

  test('gives each topic its method, batches whole, and a failed batch again', async () => {
    app = await NestFactory.createMicroservice(HandlersModule, { strategy: server, logger: false });
    await app.listen();
    failures.left = 2;
    await producer.send(
      ['1', '2', '3'].map((value) => ({ topic: 'orders.v1', partition: 1, key: null, value })),
    );
    await producer.send([{ topic: 'payments.v1', partition: 0, key: 'k', value: null }]);
    await eventually(() => calls.length === 2, { what: 'both handled' });
    expect(failures.left).toBe(0);
    expect(calls).toContainEqual({ topic: 'payments.v1/0', values: ['k'] });
    expect(calls).toContainEqual({ topic: 'orders.v1', values: ['1', '2', '3'] });
    expect(server.consumer?.state).toBe('running');
    await app.close();
    expect(server.consumer?.state).toBe('stopped');
  });

  test('refuses @MessagePattern', async () => {
    app = await NestFactory.createMicroservice(RequestsModule, { strategy: server, logger: false });
    await expect(app.listen()).rejects.toThrow('@EventPattern only');
  });
});
