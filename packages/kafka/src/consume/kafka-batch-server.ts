import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { KafkaConfig, KafkaRecord } from '../config.js';
import { BatchConsumer } from './batch-consumer.js';
import type { BatchConsumerOptions, RecordBatch } from './consumer-options.js';
import { KafkaBatchContext } from './kafka-batch-context.js';

export type KafkaBatchServerOptions = Omit<BatchConsumerOptions, 'topics' | 'onBatch'> & {
  /** Id of this transport. Handlers that name this id, or none, belong to it. Default: a new symbol. */
  readonly transportId?: symbol;
};

/**
 * Nest transport strategy. A method with `@EventPattern<string>('<topic>')` receives `(records: KafkaRecord[],
 * context: KafkaBatchContext)`, one batch of a partition at a time. (Without `<string>`, Nest 12's types refuse the
 * second parameter.) If the method throws, it gets the batch again. Events only: with `@MessagePattern` the writer of
 * a record would choose where the answer is sent.
 */
export class KafkaBatchServer extends Server implements CustomTransportStrategy {
  /** Otherwise Nest reports a failed handler itself and swallows the error. With this the consumer gets it. */
  override readonly propagatesEventHandlerErrors = true;
  override readonly transportId: symbol;
  readonly #config: KafkaConfig;
  readonly #options: Omit<KafkaBatchServerOptions, 'transportId'>;
  #consumer: BatchConsumer | undefined;

  constructor(config: KafkaConfig, options: KafkaBatchServerOptions) {
    super();
    const { transportId = Symbol('subledger-kafka'), ...consumerOptions } = options;
    this.transportId = transportId;
    this.#config = config;
    this.#options = consumerOptions;
  }

  /** The consumer, or undefined before `listen`. For health checks and commits. */
  get consumer(): BatchConsumer | undefined {
    return this.#consumer;
  }

  /**
   * Starts to consume without waiting for the brokers: during an outage of Kafka a service starts, but is not ready.
   */
  listen(callback: (error?: unknown) => void): void {
    const handlers = [...this.messageHandlers];
    const requests = handlers.filter(([, handler]) => !handler.isEventHandler).map(([pattern]) => pattern);
    if (requests.length > 0) {
      callback(
        new Error(`KafkaBatchServer takes @EventPattern only, not @MessagePattern: ${requests.join(', ')}`),
      );
      return;
    }
    const consumer = new BatchConsumer(this.#config, {
      ...this.#options,
      topics: handlers.map(([topic]) => topic),
      onBatch: (batch) => this.#handle(batch, consumer),
    });
    this.#consumer = consumer;
    // It rejects only if it is stopped before its first assignment.
    consumer.start().catch(() => undefined);
    callback();
  }

  async close(): Promise<void> {
    await this.#consumer?.stop();
  }

  /** @throws Error always: the consumer has callbacks instead of events */
  on(): never {
    throw new Error('KafkaBatchServer emits no events; see its consumer');
  }

  /**
   * The consumer.
   * @throws Error before `listen`
   */
  override unwrap<T>(): T {
    if (!this.#consumer) throw new Error('KafkaBatchServer is not listening yet');
    return this.#consumer as T;
  }

  async #handle(batch: RecordBatch, consumer: BatchConsumer): Promise<void> {
    const handler = this.getHandlerByPattern(batch.topic);
    if (!handler) throw new Error(`No handler for topic ${batch.topic}`);
    const context = new KafkaBatchContext([batch, consumer]);
    const records: KafkaRecord[] = batch.records;
    const outcome = Promise.withResolvers<void>();
    // The hooks are typed without a result, so the outcome is passed by a promise.
    const hooked: unknown = this.runWithProcessingHooks(context, async (end) => {
      try {
        const result = await handler(records, context);
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
        outcome.resolve();
      } catch (error) {
        outcome.reject(toError(error));
      } finally {
        end();
      }
    });
    Promise.resolve(hooked).catch(outcome.reject);
    await outcome.promise;
  }
}

/** Nest's exception filter has already logged the error, and passes `{ status, message }` instead. */
function toError(error: unknown): Error {
  if (error instanceof Error) return error;
  const message = (error as { message?: unknown } | null)?.message;
  return new Error(`Handler failed: ${String(message ?? error)}`, { cause: error });
}
