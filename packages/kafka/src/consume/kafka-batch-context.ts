import { BaseRpcContext } from '@nestjs/microservices';
import type { BatchConsumer } from './batch-consumer.js';
import type { RecordBatch } from './consumer-options.js';

/** What a handler of `KafkaBatchServer` gets besides the records. */
export class KafkaBatchContext extends BaseRpcContext<[RecordBatch, BatchConsumer]> {
  get topic(): string {
    return this.args[0].topic;
  }
  get partition(): number {
    return this.args[0].partition;
  }
  /** One past the last record in the log. */
  get highWatermark(): bigint {
    return this.args[0].highWatermark;
  }
  get generationId(): number {
    return this.args[0].generationId;
  }
  /** For `pause`, `resume`, `seek` and `commit`. Heartbeats need nobody: they go on while a handler runs. */
  get consumer(): BatchConsumer {
    return this.args[1];
  }
}
