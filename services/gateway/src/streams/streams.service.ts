import type { Principal } from '../access/principal.js';
import { ProblemError } from '../http/problem.js';
import { EventStream, type StreamTopic } from './event-stream.js';
import type { FirstLook } from './first-look.js';
import type { StreamHub } from './stream-hub.js';

export interface StreamLimits {
  /** Streams of this instance. */
  readonly max: number;
  /** Streams of one session or key on this instance. */
  readonly perCredential: number;
  /** Bytes that may wait for one reader. */
  readonly bufferBytes: number;
}

/** What a refused caller is told to wait. */
const RETRY_AFTER_SECONDS = '10';

/** Opens streams. */
export class StreamsService {
  constructor(
    private readonly hub: StreamHub,
    private readonly first: FirstLook,
    private readonly limits: StreamLimits,
  ) {}

  /**
   * @throws ProblemError `too-many-requests` where as many as allowed are open, `not-found` where there is nothing to
   *   watch, `service-unavailable` while the gateway stops
   */
  async open(
    topic: StreamTopic,
    principal: Principal,
    lastEventId: string | undefined,
  ): Promise<EventStream> {
    if (this.hub.isClosed) throw ProblemError.unavailable('streams: the gateway stops');
    const { max, perCredential, bufferBytes } = this.limits;
    if (this.hub.size >= max || this.hub.countOf(principal.credentialId) >= perCredential)
      throw new ProblemError('too-many-requests', {}, { 'retry-after': RETRY_AFTER_SECONDS });
    const stream = new EventStream(topic, principal, bufferBytes, () => this.hub.remove(stream));
    try {
      await this.hub.add(stream);
      await this.first.begin(stream, lastEventId);
    } catch (error) {
      stream.body.destroy();
      throw error;
    }
    return stream;
  }

  /** Ends all, and opens no more. */
  close(): Promise<void> {
    return this.hub.close();
  }
}
