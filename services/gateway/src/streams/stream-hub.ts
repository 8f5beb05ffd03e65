import { Counter, Gauge, type Logger, type Registry } from '@subledger/service-kit';
import { ALL, type ChangeNotice } from '../operations/change-notice.js';
import type { NotifiedStreams } from '../operations/outcome-listener.js';
import type { Principal } from '../request/principal.js';
import type { EventStream } from './event-stream.js';
import { streamToDisplace } from './fair-share.js';
import type { NextLook } from './next-look.js';
import type { StreamCredentials } from './stream-credentials.js';
import type { WatchList } from './watch-list.js';
import { Watched } from './watched.js';

/** Minimum milliseconds between two reads. Changes in between come together. */
const LOOK_EVERY_MS = 200;
const RETRY_MS = 1_000;

/** The streams of this instance: which objects they watch, and when to read these. */
export class StreamHub implements NotifiedStreams {
  readonly #watched = new Map<string, Watched>();
  readonly #streams = new Set<EventStream>();
  #timer: NodeJS.Timeout | undefined;
  #beat: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #beating: Promise<void> | undefined;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;
  readonly #brokenOff: Counter;
  readonly #displaced: Counter;

  constructor(
    private readonly list: WatchList,
    private readonly next: NextLook,
    private readonly credentials: StreamCredentials,
    private readonly heartbeatMs: number,
    metrics: Registry,
    private readonly log: Logger,
  ) {
    const streams = this.#streams;
    new Gauge({
      name: 'gateway_streams',
      help: 'Streams of server-sent events that are open',
      registers: [metrics],
      collect() {
        this.set(streams.size);
      },
    });
    this.#brokenOff = new Counter({
      name: 'gateway_streams_broken_off_total',
      help: 'Streams whose reader was too slow',
      registers: [metrics],
    });
    this.#displaced = new Counter({
      name: 'gateway_streams_displaced_total',
      help: 'Streams that were ended for a main account that had fewer, while all places were taken',
      registers: [metrics],
    });
  }

  get size(): number {
    return this.#streams.size;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Number of streams whose principal matches. */
  count(isMeant: (principal: Principal) => boolean): number {
    return [...this.#streams].filter(({ principal }) => isMeant(principal)).length;
  }

  /**
   * Ends the newest stream of the holder with the most.
   * @returns false if no holder has more than a fair share
   */
  displaceOne(newcomer: Principal): boolean {
    const open = [...this.#streams];
    const most = streamToDisplace(
      open.map(({ principal }) => holderOf(principal)),
      holderOf(newcomer),
    );
    const ended = open.findLast(({ principal }) => holderOf(principal) === most);
    if (ended === undefined) return false;
    this.remove(ended);
    ended.end();
    this.#displaced.inc();
    return true;
  }

  /** After this resolves, the stream gets every change. */
  async add(stream: EventStream): Promise<void> {
    const id = watchedId(stream);
    this.#streams.add(stream);
    const there = this.#watched.get(id);
    const watched = there ?? new Watched();
    watched.streams.add(stream);
    this.#watched.set(id, watched);
    if (!this.#beat) this.#beatLater();
    if (!there) watched.ready = this.#watch(id, watched);
    await watched.ready;
  }

  async #watch(id: string, watched: Watched): Promise<void> {
    // A running heartbeat does not know this stream, and would delete its row.
    await this.#beating;
    const row = await this.list.add(id);
    const { position, isSuspended } = await this.next.start(id);
    watched.watchedFrom(position, row, isSuspended);
    this.#lookWhenDue();
  }

  remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (stream.wasTooSlow) this.#brokenOff.inc();
    const id = watchedId(stream);
    const watched = this.#watched.get(id);
    watched?.streams.delete(stream);
    // The next heartbeat deletes its row, so that a reconnecting reader still finds it.
    if (watched?.streams.size === 0) this.#watched.delete(id);
  }

  notify(changed: ChangeNotice): void {
    if (changed === null) for (const watched of this.#watched.values()) watched.mark(null);
    else {
      for (const [id, subs] of Object.entries(changed)) this.#watched.get(id)?.mark(subs);
      this.#watched.get(ALL)?.mark(Object.keys(changed));
    }
    this.#lookWhenDue();
  }

  setListening(): void {
    this.notify(null);
  }

  endOfKey(keyId: string): void {
    for (const stream of this.#streams) if (this.credentials.isKey(stream, keyId)) stream.end();
  }

  /**
   * Ends all streams, so that closing the API does not wait for them. Their readers reconnect to another instance.
   */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#beat);
    for (const stream of this.#streams) stream.end();
    await Promise.allSettled([this.#looking, this.#beating]);
    await this.list.clear().catch((error: unknown) => {
      this.log.debug({ err: error }, 'the rows of watched accounts stay until they expire');
    });
  }

  #lookWhenDue(afterMs = 0): void {
    if (this.#closed || this.#timer || this.#looking) return;
    if (![...this.#watched.values()].some(({ isDirty }) => isDirty)) return;
    const restMs = Math.max(afterMs, this.#lookedAtMs + LOOK_EVERY_MS - performance.now(), 0);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#looking = this.#look();
    }, restMs);
  }

  async #look(): Promise<void> {
    this.#lookedAtMs = performance.now();
    let pauseMs = 0;
    try {
      await this.next.run(this.#watched);
    } catch (error) {
      pauseMs = RETRY_MS;
      this.log.warn({ err: error }, 'streams could not look what changed, trying again');
    }
    this.#looking = undefined;
    this.#lookWhenDue(pauseMs);
  }

  #beatLater(): void {
    clearTimeout(this.#beat);
    if (this.#closed) return;
    this.#beat = setTimeout(() => {
      this.#beating = this.#heartbeat();
    }, this.heartbeatMs);
    this.#beat.unref();
  }

  /**
   * Sends a sign of life to every stream, ends streams whose credential is no longer valid, and reads all watched
   * objects in case a notice was lost.
   */
  async #heartbeat(): Promise<void> {
    this.#beat = undefined;
    for (const stream of this.#streams) stream.heartbeat();
    try {
      for (const stream of await this.credentials.ended(this.#streams)) stream.end();
      await this.list.keepOnly([...this.#watched.keys()].sort());
      this.notify(null);
    } catch (error) {
      this.log.warn({ err: error }, 'streams could not be checked, trying again at the next heartbeat');
    }
    // Without streams, this heartbeat has deleted the last rows. The next stream starts a new one.
    if (this.#streams.size > 0) this.#beatLater();
  }
}

const watchedId = ({ topic }: EventStream): string => (topic.kind === 'all' ? ALL : topic.mainAccountId);

/** The holder of a stream: a customer with its sub-accounts, or otherwise the credential. */
const holderOf = ({ mainAccountId, credentialId }: Principal): string => mainAccountId ?? credentialId;
