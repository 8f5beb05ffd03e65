import { TOPICS } from '@subledger/contracts';
import { type KafkaRecord, partitionFor } from '@subledger/kafka';
import type { StoredBlock } from '@subledger/wire';
import type { Broker } from '../broker/broker.js';
import type { Partition } from '../broker/partition.js';
import type { Fleet } from '../process/fleet.js';
import type { Database } from '../store/database.js';
import type { LaneRow } from '../store/tables.js';
import { SERVERS } from './scheduler.js';
import type { World } from './world.js';

const INPUTS = [TOPICS.commands, TOPICS.messages];
const LOOK_EVERY_MS = 7_000;

/** A lane that a restore had stopped and that an operator resumed. */
export interface Resumption {
  readonly lane: number;
  readonly generation: number;
  /** How far the restored books of its main accounts reach. Accounts without an entry are not in them. */
  readonly sequences: ReadonlyMap<string, number>;
}

/** Disasters that only an operator can resolve, and the operator, who acts on alarms only. */
export class Disasters {
  /** Records whose effects a restore may have undone, with the time. They are read again. */
  readonly undone = new Map<KafkaRecord, number>();
  /** Records that are never read: retention or a recreated topic removed them. */
  readonly lost = new Set<KafkaRecord>();
  readonly resumptions: Resumption[] = [];
  /** Lanes with restored rows, until an operator has decided. */
  readonly #restored = new Set<number>();
  /** `topic:partition` of recreated logs whose lane's row still refers to the old one. */
  readonly #anew = new Set<string>();
  /** Lanes with a damaged block, and the block as it was. */
  readonly #damaged = new Map<number, StoredBlock>();
  /** Lanes that an operator is working on. */
  readonly #deciding = new Set<number>();
  #quietUntil = 0;
  #hasStruck = false;

  constructor(
    private readonly world: World,
    private readonly broker: Broker,
    private readonly database: Database,
    private readonly fleet: Fleet,
  ) {
    this.#look();
  }

  strike(): void {
    const { world, database, broker } = this;
    // One after the other: several at once are not simulated.
    if (
      this.#deciding.size > 0 ||
      this.#anew.size > 0 ||
      this.#damaged.size > 0 ||
      world.scheduler.now < this.#quietUntil
    )
      return;
    // A lane without a row in the backup would start at the beginning, which could not be detected.
    if (database.tables.lanes.size < broker.partitionCount) return;
    const dice = world.random.next();
    const backsUp = dice < 0.3 || database.backupCount === 0;
    if (backsUp) database.backUp();
    else if (dice < 0.5) this.#restore();
    else if (dice < 0.58) this.#damage();
    else if (dice < 0.65) this.#recreate();
    else this.#retain();
    if (backsUp) return;
    this.#hasStruck = true;
    this.#quietUntil = world.scheduler.now + 240_000;
  }

  /** Restores the database to an earlier state, under lanes that may be running. */
  #restore(): void {
    const { world, database } = this;
    const madeAt = database.restore();
    world.cover('disaster:restore');
    world.trace(`database restored as of ${new Date(madeAt).toISOString()}`);
    world.resets.database += 1;
    for (const [lane, row] of database.tables.lanes) {
      this.#restored.add(lane);
      for (const topic of INPUTS)
        for (const record of this.broker.partition(topic, lane).committed(offsetOf(row, topic)))
          this.undone.set(record, world.scheduler.now);
    }
  }

  /** Deletes a topic and creates it again, while the ledger is stopped. */
  #recreate(): void {
    const { world, broker, database, fleet } = this;
    const topic = world.random.pick(INPUTS);
    world.cover('disaster:topic made anew');
    world.trace(`${topic} made anew`);
    for (const process of [...fleet.processes]) fleet.kill(process, 'the topic is made anew');
    database.dropBackups();
    world.resets.database += 1;
    world.resets.broker += 1;
    for (const log of broker.logsOf(topic)) {
      const row = database.tables.lanes.get(log.partition) as LaneRow;
      this.#lose(log, offsetOf(row, topic), log.high);
      log.recreate();
      if (offsetOf(row, topic) > 0n) this.#anew.add(`${topic}:${log.partition}`);
    }
  }

  /**
   * A block of the journal that is not published yet becomes unreadable, or is gone, and its lane's owner dies: the
   * next one has to publish it.
   */
  #damage(): void {
    const { world, database, fleet } = this;
    const { lanes, blocksOf } = database.tables;
    const unpublished = [...blocksOf].flatMap(([lane, blocks]) =>
      blocks
        .filter(({ lastSequence }) => lastSequence > (lanes.get(lane)?.publishedSequence ?? 0n))
        .map((block) => ({ lane, block })),
    );
    if (unpublished.length === 0) return;
    const { lane, block } = world.random.pick(unpublished);
    const kind = world.random.pick(['wrong bit', 'torn', 'missing'] as const);
    const blocks = blocksOf.get(lane) ?? [];
    const changed = kind === 'missing' ? [] : [{ ...block, payload: damaged(block.payload, kind) }];
    blocks.splice(blocks.indexOf(block), 1, ...changed);
    this.#damaged.set(lane, block);
    world.cover(`disaster:block ${kind}`);
    world.trace(`block ${block.firstSequence} of lane ${lane} becomes ${kind}`);
    for (const process of [...fleet.running])
      if (process.lanes.get(lane)) fleet.kill(process, 'its lane has a damaged block');
  }

  /** The block is put back from a replica, and the process that had stopped the lane is started again. */
  #mend(lane: number, block: StoredBlock): void {
    const { world, database, fleet } = this;
    const blocks = database.tables.blocksOf.get(lane) ?? [];
    const isGone = (one: StoredBlock) => one.firstSequence !== block.firstSequence;
    database.tables.blocksOf.set(
      lane,
      [...blocks.filter(isGone), block].sort((a, b) => Number(a.firstSequence - b.firstSequence)),
    );
    this.#damaged.delete(lane);
    world.trace(`block ${block.firstSequence} of lane ${lane} is mended`);
    for (const process of [...fleet.running])
      if (process.lanes.get(lane)?.state === 'broken') fleet.kill(process, 'started again after a repair');
  }

  /** Retention removes unread records, where most of them wait. */
  #retain(): void {
    const { world, broker, database } = this;
    const readTo = (log: Partition) =>
      offsetOf(database.tables.lanes.get(log.partition) as LaneRow, log.topic);
    const waiting = (log: Partition) => Number(log.stable - readTo(log));
    const logs = INPUTS.flatMap((topic) => broker.logsOf(topic));
    const log = logs.reduce((most, one) => (waiting(one) > waiting(most) ? one : most));
    if (waiting(log) < 2) return;
    log.low = readTo(log) + BigInt(world.random.int(1, waiting(log)));
    world.cover('disaster:retention');
    world.trace(`retention takes ${log.topic}:${log.partition} up to ${log.low}`);
    log.notify();
  }

  /** The operator's check for the alarm of a stopped lane. */
  #look(): void {
    const { world, fleet, broker } = this;
    world.scheduler.after(LOOK_EVERY_MS, SERVERS, () => this.#look());
    for (let lane = 0; lane < broker.partitionCount; lane += 1) {
      const isStopped = fleet.running.some(({ lanes }) => lanes.get(lane)?.state === 'broken');
      if (!isStopped || this.#deciding.has(lane)) continue;
      if (!this.#hasStruck) world.fail(`lane ${lane} stopped, and nothing had happened to log or database`);
      this.#deciding.add(lane);
      world.scheduler.after(world.random.int(5_000, 60_000), SERVERS, () => this.#decide(lane));
    }
  }

  /** Like the operator's command: the corrected row, a new generation, and a new epoch. */
  #decide(lane: number): void {
    const { world, broker, database } = this;
    const row = database.tables.lanes.get(lane) as LaneRow;
    const damagedBlock = this.#damaged.get(lane);
    if (damagedBlock) this.#mend(lane, damagedBlock);
    world.cover('operator:decided');
    if (damagedBlock) {
      this.#deciding.delete(lane);
      return;
    }
    for (const topic of INPUTS) {
      const log = broker.partition(topic, lane);
      if (this.#anew.delete(`${topic}:${lane}`)) moveTo(row, topic, 0n);
      if (offsetOf(row, topic) >= log.low) continue;
      this.#lose(log, offsetOf(row, topic), log.low);
      moveTo(row, topic, log.low);
    }
    row.epoch += 1n;
    row.generation = Math.max(row.generation, this.#publishedGeneration(lane)) + 1;
    row.rebuildLimits = true;
    if (this.#restored.delete(lane)) this.#noteResumption(row);
    world.trace(`operator lets lane ${lane} go on in generation ${row.generation}`);
    // Until the lane has noticed, the alarm is outdated.
    world.scheduler.after(15_000, SERVERS, () => this.#deciding.delete(lane));
  }

  /** A restored row may have a generation that readers have passed already. */
  #publishedGeneration(lane: number): number {
    const events = this.broker.partition(TOPICS.events, lane).committed();
    const generationOf = ({ value }: KafkaRecord): number => JSON.parse(String(value)).data.generation;
    return events.reduce((highest, event) => Math.max(highest, generationOf(event)), 0);
  }

  #noteResumption({ lane, generation }: LaneRow): void {
    const { database, broker } = this;
    const own = [...database.tables.mainAccounts.values()].filter(
      ({ id }) => partitionFor(id, broker.partitionCount) === lane,
    );
    const sequences = new Map(own.map(({ id, sequence }) => [id, sequence]));
    this.resumptions.push({ lane, generation, sequences });
  }

  #lose(log: Partition, from: bigint, to: bigint): void {
    for (const record of log.committed(from, to)) this.lost.add(record);
  }
}

function damaged(payload: Buffer, kind: 'wrong bit' | 'torn'): Buffer {
  if (kind === 'torn') return payload.subarray(0, payload.length / 2);
  const copy = Buffer.from(payload);
  copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
  return copy;
}

const offsetOf = (row: LaneRow, topic: string): bigint =>
  topic === TOPICS.commands ? row.commandOffset : row.messageOffset;

function moveTo(row: LaneRow, topic: string, offset: bigint): void {
  if (topic === TOPICS.commands) Object.assign(row, { commandOffset: offset, commandLastId: null });
  else Object.assign(row, { messageOffset: offset, messageLastId: null });
}
