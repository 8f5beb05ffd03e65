import type { CustomerLimits } from '../request/customer-limits.js';
import type { Principal } from '../request/principal.js';
import { ProblemError } from '../request/problem.js';
import { EventStream, type StreamTopic } from './event-stream.js';
import type { FirstLook } from './first-look.js';
import type { StreamHub } from './stream-hub.js';

export interface StreamLimits {
  /** Maximum streams of this instance. */
  readonly max: number;
  /** Maximum streams of one main account and its sub-accounts on this instance. */
  readonly perMainAccount: number;
  /** Maximum streams of one session or key on this instance. */
  readonly perCredential: number;
  /** Maximum bytes that wait for one reader. */
  readonly bufferBytes: number;
}

/** Value of `Retry-After` for refused callers. */
const RETRY_AFTER_SECONDS = '10';

/** Opens streams. */
export class StreamsService {
  constructor(
    private readonly hub: StreamHub,
    private readonly first: FirstLook,
    private readonly limits: StreamLimits,
    private readonly customers: CustomerLimits,
  ) {}

  /**
   * @throws ProblemError `too-many-requests` if the maximum of streams is open, `not-found` if the object does not
   *   exist, `service-unavailable` while the gateway stops
   */
  async open(
    topic: StreamTopic,
    principal: Principal,
    lastEventId: string | undefined,
  ): Promise<EventStream> {
    if (this.hub.isClosed) throw ProblemError.unavailable('streams: the gateway stops');
    this.#takePlace(principal);
    const stream = new EventStream(topic, principal, this.limits.bufferBytes, () => this.hub.remove(stream));
    try {
      await this.hub.add(stream);
      await this.first.begin(stream, lastEventId);
    } catch (error) {
      stream.body.destroy();
      throw error;
    }
    return stream;
  }

  /**
   * If all places are taken, the holder with the most streams loses one. Its reader reconnects and gets its own
   * limit.
   */
  #takePlace(principal: Principal): void {
    const { hub, limits } = this;
    const { mainAccountId, credentialId } = principal;
    if (hub.count((other) => other.credentialId === credentialId) >= limits.perCredential) throw refusal();
    const ofCustomer =
      mainAccountId === undefined ? 0 : hub.count((other) => other.mainAccountId === mainAccountId);
    if (mainAccountId !== undefined && ofCustomer >= limits.perMainAccount) {
      this.customers.refused('streams', mainAccountId);
      throw refusal();
    }
    if (hub.size >= limits.max && !hub.displaceOne(principal)) throw refusal();
  }

  /** Ends all streams, and opens no more. */
  close(): Promise<void> {
    return this.hub.close();
  }
}

const refusal = (): ProblemError =>
  new ProblemError('too-many-requests', {}, { 'retry-after': RETRY_AFTER_SECONDS });
