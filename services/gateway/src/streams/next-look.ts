import type { PrismaClient } from '../generated/prisma/client.js';
import { ALL } from '../operations/change-notice.js';
import type { Operation } from '../operations/operation.js';
import {
  type ChangesQuery,
  MAX_CHANGES,
  type MainChange,
  type SubChange,
  type SubsWanted,
} from './changes-query.js';
import type { EventStream, StreamEvent } from './event-stream.js';
import { mainEvent, operationEvents, ownEvent, resetEvent, subEvent } from './stream-events.js';
import { encodeStreamId, readPosition, type StreamPosition } from './stream-position.js';
import type { Watched } from './watched.js';

type Dirty = ReadonlySet<string> | 'all';
interface Task {
  readonly watched: Watched;
  readonly dirty: Dirty;
  readonly since: StreamPosition;
}
interface Found {
  readonly position: StreamPosition;
  readonly mains: ReadonlyMap<string, MainChange>;
  /** Changed sub-accounts. */
  readonly subs: ReadonlyMap<string, readonly SubChange[]>;
  /** States for sub-accounts' own streams, whether changed or not. */
  readonly own: ReadonlyMap<string, readonly SubChange[]>;
  readonly operations: readonly Operation[];
}

/** Reads the changes for all streams of this instance once, and sends each stream its part. */
export class NextLook {
  constructor(
    private readonly prisma: Pick<PrismaClient, '$queryRaw'>,
    private readonly changes: ChangesQuery,
    private readonly publicUrl: string,
  ) {}

  /** The position at which watching a main account, or all of them, begins, and whether it is suspended then. */
  async start(id: string): Promise<{ readonly position: StreamPosition; readonly isSuspended?: boolean }> {
    const position = await readPosition(this.prisma);
    if (id === ALL) return { position };
    const [main] = await this.changes.mainsOf([id], position);
    return main ? { position, isSuspended: main.isSuspended } : { position };
  }

  /** @throws the database's error; all marked objects then stay marked */
  async run(watched: ReadonlyMap<string, Watched>): Promise<void> {
    const tasks = new Map<string, Task>();
    for (const [id, one] of watched) {
      const taken = one.take();
      if (taken) tasks.set(id, { watched: one, ...taken });
    }
    if (tasks.size === 0) return;
    try {
      const position = await readPosition(this.prisma);
      const all = tasks.get(ALL);
      tasks.delete(ALL);
      if (tasks.size > 0) this.#sendMains(tasks, await this.#find(position, tasks));
      if (all) await this.#sendAll(position, all);
      for (const { watched: one } of [...tasks.values(), ...(all ? [all] : [])]) one.notifiedUntil(position);
    } catch (error) {
      for (const one of watched.values()) one.mark(null);
      throw error;
    }
  }

  async #find(position: StreamPosition, tasks: ReadonlyMap<string, Task>): Promise<Found> {
    const all = [...tasks.values()];
    const since = all
      .map((task) => task.since)
      .reduce((oldest, one) => (one.xid < oldest.xid ? one : oldest));
    const ids = [...tasks.keys()].sort();
    const mains = new Map((await this.changes.mainsOf(ids, since)).map((main) => [main.view.id, main]));
    const { whole, named, own } = subsToRead(tasks, mains);
    const subs = [...(await this.changes.subsSince(whole)), ...(await this.changes.subsOf(named))];
    const ownSubs = await this.changes.subsOf(own);
    const shown = [...tasks].filter(([, { watched }]) => [...watched.streams].some(isOfMain));
    const operations = await this.changes.operationsOf(
      shown.map(([mainAccountId, task]) => ({ mainAccountId, since: task.since })),
    );
    return { position, mains, subs: byMain(subs), own: byMain(ownSubs), operations };
  }

  #sendMains(tasks: ReadonlyMap<string, Task>, { position, mains, subs, own, operations }: Found): void {
    for (const [id, { watched }] of tasks) {
      const main = mains.get(id);
      if (!main) continue;
      watched.isSuspended = main.isSuspended;
      const streamId = encodeStreamId({ ...position, isSuspended: main.isSuspended });
      const ended = operations.filter(({ mainAccountId }) => mainAccountId === id);
      for (const stream of watched.streams) {
        const { topic } = stream;
        const events =
          topic.kind === 'sub'
            ? this.#ownPart(topic.subAccountId, main, own.get(id) ?? [])
            : this.#mainPart(stream, main, subs.get(id) ?? [], ended);
        stream.send(events, streamId);
      }
    }
  }

  /** Sends nothing about other changes of the main account, not even that there are any. */
  #ownPart(id: string, main: MainChange, subs: readonly SubChange[]): StreamEvent[] {
    const sub = subs.find(({ view }) => view.id === id);
    const own = sub && ownEvent(sub, main);
    return own ? [{ ...own, onlyIfNew: true }] : [];
  }

  #mainPart(
    stream: EventStream,
    main: MainChange,
    subs: readonly SubChange[],
    operations: readonly Operation[],
  ): StreamEvent[] {
    const ofMain = { ...mainEvent(main), onlyIfNew: true };
    const isMuch = Math.max(subs.length, operations.length) > MAX_CHANGES;
    if (isMuch) return [resetEvent('too-many-changes')];
    return [ofMain, ...subs.map(subEvent), ...operationEvents(stream, operations, this.publicUrl)];
  }

  async #sendAll(position: StreamPosition, { watched, dirty, since }: Task): Promise<void> {
    const mains =
      dirty === 'all'
        ? await this.changes.changedMains(since)
        : await this.changes.mainsOf([...dirty].sort(), since);
    const operations = await this.changes.operationsOfOperators(since);
    const isMuch = Math.max(mains.length, operations.length) > MAX_CHANGES;
    const streamId = encodeStreamId({ ...position, isSuspended: false });
    for (const stream of watched.streams) {
      const events = isMuch
        ? [resetEvent('too-many-changes')]
        : [
            ...mains.filter(({ isChanged }) => isChanged).map(mainEvent),
            ...operationEvents(stream, operations, this.publicUrl),
          ];
      stream.send(events, streamId);
    }
  }
}

const isOfMain = ({ topic }: EventStream): boolean => topic.kind === 'main';

/**
 * The sub-accounts to read per main account: all changed ones, the named ones, or only those with their own streams.
 */
function subsToRead(tasks: ReadonlyMap<string, Task>, mains: ReadonlyMap<string, MainChange>) {
  const whole: SubsWanted[] = [];
  const named: [string, string][] = [];
  const own: [string, string][] = [];
  for (const [mainAccountId, { watched, dirty, since }] of tasks) {
    const main = mains.get(mainAccountId);
    const topics = [...watched.streams].map(({ topic }) => topic);
    for (const topic of topics) if (topic.kind === 'sub') own.push([mainAccountId, topic.subAccountId]);
    if (![...watched.streams].some(isOfMain)) continue;
    const isTurned = watched.isSuspended !== undefined && watched.isSuspended !== main?.isSuspended;
    if (isTurned || dirty === 'all' || dirty.size > MAX_CHANGES)
      whole.push(isTurned ? { mainAccountId } : { mainAccountId, since });
    else for (const id of dirty) named.push([mainAccountId, id]);
  }
  return { whole, named, own };
}

function byMain(subs: readonly SubChange[]): Map<string, SubChange[]> {
  const found = new Map<string, Map<string, SubChange>>();
  for (const sub of subs) {
    const ofMain = found.get(sub.mainAccountId) ?? new Map<string, SubChange>();
    found.set(sub.mainAccountId, ofMain.set(sub.view.id, sub));
  }
  return new Map([...found].map(([id, ofMain]) => [id, [...ofMain.values()]]));
}
