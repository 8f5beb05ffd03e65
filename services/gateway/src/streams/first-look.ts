import type { StreamReset } from '@subledger/contracts';
import type { PrismaClient } from '../generated/prisma/client.js';
import { ProblemError } from '../request/problem.js';
import { type ChangesQuery, MAX_CHANGES, type MainChange } from './changes-query.js';
import type { EventStream, StreamEvent } from './event-stream.js';
import { helloEvent, mainEvent, operationEvents, ownEvent, resetEvent, subEvent } from './stream-events.js';
import {
  decodeStreamId,
  encodeStreamId,
  readPosition,
  type StreamId,
  type StreamPosition,
  whyNotResumed,
} from './stream-position.js';

type Events = StreamEvent[] | StreamReset['reason'];

/** Starts a stream: determines its position, and the changes since the reader's position. */
export class FirstLook {
  constructor(
    private readonly prisma: Pick<PrismaClient, '$queryRaw'>,
    private readonly changes: ChangesQuery,
    private readonly options: { readonly heartbeatMs: number; readonly publicUrl: string },
  ) {}

  /**
   * @param lastEventId as the reader sent it
   * @throws ProblemError `not-found` if the stream's object does not exist
   */
  async begin(stream: EventStream, lastEventId: string | undefined): Promise<void> {
    const now = await readPosition(this.prisma);
    const from = lastEventId === undefined ? undefined : decodeStreamId(lastEventId);
    const main = await this.#mainOf(stream, from ?? now);
    const isSuspended = main?.isSuspended ?? false;
    const id = encodeStreamId({ ...now, isSuspended });
    const changed = await this.#since(stream, from, main);
    const why = whyNotResumed(from, now);
    if (lastEventId === undefined) return stream.begin([this.#hello(false)], id, id);
    if (why !== undefined || from === undefined || typeof changed === 'string') {
      const reason = why ?? (typeof changed === 'string' ? changed : 'unknown-position');
      return stream.begin([this.#hello(false), resetEvent(reason)], id, id);
    }
    stream.begin([this.#hello(true), ...changed], id, encodeStreamId(from));
  }

  async #mainOf({ topic }: EventStream, since: StreamPosition): Promise<MainChange | undefined> {
    if (topic.kind === 'all') return undefined;
    const [main] = await this.changes.mainsOf([topic.mainAccountId], since);
    if (!main) throw ProblemError.notFound();
    return main;
  }

  /** Also notes the reader's state, so that it is not sent again. */
  async #since(
    stream: EventStream,
    from: StreamId | undefined,
    main: MainChange | undefined,
  ): Promise<Events> {
    const { topic } = stream;
    if (topic.kind === 'sub' && main) return this.#ownSince(stream, topic, from, main);
    if (main) stream.knows(main.view);
    if (!from) return [];
    const { publicUrl } = this.options;
    if (!main) {
      const mains = await this.changes.changedMains(from);
      const operations = await this.changes.operationsOfOperators(from);
      if (Math.max(mains.length, operations.length) > MAX_CHANGES) return 'too-many-changes';
      return [...mains.map(mainEvent), ...operationEvents(stream, operations, publicUrl)];
    }
    const mainAccountId = main.view.id;
    const isTurned = main.isSuspended !== from.isSuspended;
    const subs = await this.changes.subsSince([
      isTurned ? { mainAccountId } : { mainAccountId, since: from },
    ]);
    const operations = await this.changes.operationsOf([{ mainAccountId, since: from }]);
    if (Math.max(subs.length, operations.length) > MAX_CHANGES) return 'too-many-changes';
    const ofMain = main.isChanged ? [mainEvent(main)] : [];
    return [...ofMain, ...subs.map(subEvent), ...operationEvents(stream, operations, publicUrl)];
  }

  async #ownSince(
    stream: EventStream,
    { mainAccountId, subAccountId }: { readonly mainAccountId: string; readonly subAccountId: string },
    from: StreamId | undefined,
    main: MainChange,
  ): Promise<Events> {
    const pairs = [[mainAccountId, subAccountId]] as const;
    const [sub] = await this.changes.subsOf(pairs);
    if (!sub) throw ProblemError.notFound();
    const own = ownEvent(sub, main);
    stream.knows(own.data);
    if (!from) return [];
    const isTurned = main.isSuspended !== from.isSuspended;
    const isChanged = isTurned || (await this.changes.subsOf(pairs, from)).length > 0;
    return isChanged ? [own] : [];
  }

  #hello(resumed: boolean): StreamEvent {
    return helloEvent(resumed, this.options.heartbeatMs);
  }
}
