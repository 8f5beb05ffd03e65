import { HttpHolds, type HttpHoldsOptions } from './http-holds.js';
import { KafkaHolds, type KafkaHoldsOptions } from './kafka-holds.js';
import type { HoldOutcome, HoldRequest, HoldTransport, ReleaseOutcome, ReleaseRequest } from './outcome.js';

/**
 * The strict mode: the ledger itself sets the points of a message aside before it is sent, so that nothing is ever
 * spent beyond a limit, at the price of a round trip. Afterwards report the message as sent (the hold pays), or release.
 *
 * Outcomes are values, never exceptions: `placed`, `refused` with its code, or `unknown` with what to do.
 */
export class HoldClient {
  readonly #transport: HoldTransport;

  private constructor(transport: HoldTransport) {
    this.#transport = transport;
  }

  /** Over the gateway's REST API, which checks senders too. */
  static overHttp(options: HttpHoldsOptions): HoldClient {
    return new HoldClient(new HttpHolds(options));
  }

  /** As commands over Kafka, no gateway between: senders are checked by `feed`. */
  static overKafka(options: KafkaHoldsOptions): HoldClient {
    return new HoldClient(new KafkaHolds(options));
  }

  /**
   * Sets points aside for one message. A message id is held once: a second time is `already-held`, after its release
   * `hold-released`, after its charge `already-charged`.
   */
  hold(request: HoldRequest): Promise<HoldOutcome> {
    return this.#transport.hold(request);
  }

  /** Gives a hold back unused; one that is not placed yet is barred from being placed. */
  release(request: ReleaseRequest): Promise<ReleaseOutcome> {
    return this.#transport.release(request);
  }

  /** Calls under way end as `unknown`. */
  close(): Promise<void> {
    return this.#transport.close();
  }
}
