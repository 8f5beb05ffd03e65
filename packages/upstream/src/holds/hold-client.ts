import { HttpHolds, type HttpHoldsOptions } from './http-holds.js';
import { KafkaHolds, type KafkaHoldsOptions } from './kafka-holds.js';
import type { HoldOutcome, HoldRequest, HoldTransport, ReleaseOutcome, ReleaseRequest } from './outcome.js';

/**
 * The strict mode: the ledger reserves the points of a message before it is sent, so that no message exceeds a limit.
 * The price is a round trip. Afterwards report the message as sent (the hold pays), or release the hold.
 *
 * Outcomes are values, never exceptions: `placed`, `refused` with its code, or `unknown` with advice.
 */
export class HoldClient {
  readonly #transport: HoldTransport;

  private constructor(transport: HoldTransport) {
    this.#transport = transport;
  }

  /** Holds over the gateway's REST API, which also checks senders. */
  static overHttp(options: HttpHoldsOptions): HoldClient {
    return new HoldClient(new HttpHolds(options));
  }

  /** Holds as commands over Kafka, without the gateway. `feed` checks senders. */
  static overKafka(options: KafkaHoldsOptions): HoldClient {
    return new HoldClient(new KafkaHolds(options));
  }

  /**
   * Reserves points for one message. A message id is held once: a second hold is refused as `already-held`, after its
   * release as `hold-released`, after its charge as `already-charged`. Never rejects.
   */
  hold(request: HoldRequest): Promise<HoldOutcome> {
    return this.#transport.hold(request);
  }

  /** Releases an unused hold. A hold that is not placed yet is barred (docs/decisions/0012). Never rejects. */
  release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    return this.#transport.release(request);
  }

  /** Closes the connection. Pending calls end as `unknown`. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}
