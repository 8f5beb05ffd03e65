import { BaseRpcContext } from '@nestjs/microservices';
import type { BatchConsumer } from './batch-consumer.js';
import type { RecordBatch } from './consumer-options.js';

/** The second argument of a handler of `KafkaBatchServer`. */
export class KafkaBatchContext extends BaseRpcContext<[RecordBatch, BatchConsumer]> {
  get topic(): string {
    return this.args[0].topic;
  }
  get partition(): number {
    return this.args[0].partition;
  }
  /** The offset after the last record of the log. */
  get highWatermark(): bigint {
    return this.args[0].highWatermark;
  }
  get generationId(): number {
    return this.args[0].generationId;
  }
  /**
   * For `pause`, `resume`, `seek` and `commit`. Handlers need not send heartbeats: they continue while a handler
   * runs.
   */
  get consumer(): BatchConsumer {
    return this.args[1];
  }
}
