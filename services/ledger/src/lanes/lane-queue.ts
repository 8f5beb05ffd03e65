import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import { type LaneTimers, processTimers } from './lane-timers.js';

/** Fetched records of one topic that are not processed yet. */
class Line {
  #records: KafkaRecord[] = [];
  #head = 0;

  get size(): number {
    return this.#records.length - this.#head;
  }

  push(records: readonly KafkaRecord[]): void {
    // Not `push(...records)`: a batch may have more records than a call takes arguments.
    if (this.size === 0) {
      this.#records = [...records];
      this.#head = 0;
    } else this.#records = this.#records.slice(this.#head).concat(records);
    this.#head = 0;
  }

  putBack(records: readonly KafkaRecord[]): void {
    this.#records = [...records, ...this.#records.slice(this.#head)];
    this.#head = 0;
  }

  /** Drops records before the offset: they are already processed. */
  dropBefore(offset: bigint): void {
    while (this.size > 0 && (this.#records[this.#head] as KafkaRecord).offset < offset) this.#head += 1;
  }

  take(max: number): KafkaRecord[] {
    const taken = this.#records.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    return taken;
  }
}

/** The fetched records of a lane's two topics, in order per topic. New records, `wake` or a time-out end a wait. */
export class LaneQueue {
  readonly #commands = new Line();
  readonly #messages = new Line();
  #waiting: ((woken: boolean) => void) | undefined;
  #woken = false;

  constructor(private readonly timers: Pick<LaneTimers, 'after'> = processTimers) {}

  get size(): number {
    return this.#commands.size + this.#messages.size;
  }

  sizeOf(topic: string): number {
    return this.#lineOf(topic).size;
  }

  push(topic: string, records: readonly KafkaRecord[]): void {
    this.#lineOf(topic).push(records);
    this.wake();
  }

  /**
   * At most `max` records from the lane's offsets on, by broker time (each topic in its own order). If both topics
   * have more, each gets half, so that a backlog of one does not delay the other.
   */
  take(max: number, next: { readonly commandOffset: bigint; readonly messageOffset: bigint }): KafkaRecord[] {
    this.#commands.dropBefore(next.commandOffset);
    this.#messages.dropBefore(next.messageOffset);
    const half = Math.ceil(max / 2);
    const forMessages = Math.max(max - this.#commands.size, half);
    const messages = this.#messages.take(forMessages);
    const commands = this.#commands.take(max - messages.length);
    return mergeByTime(commands, messages);
  }

  /** Puts the records of a failed batch back to the front. */
  putBack(records: readonly KafkaRecord[]): void {
    this.#commands.putBack(records.filter((record) => record.topic === TOPICS.commands));
    this.#messages.putBack(records.filter((record) => record.topic !== TOPICS.commands));
  }

  clear(): void {
    this.#commands.take(this.#commands.size);
    this.#messages.take(this.#messages.size);
  }

  /** Ends the current wait, or the next one if there is none. */
  wake(): void {
    this.#woken = true;
    this.#waiting?.(true);
  }

  /** Resolves when there are records, on `wake`, or after the time-out. Without a time-out it may wait forever. */
  async wait(timeoutMs?: number): Promise<void> {
    if (this.size > 0 || this.#woken) {
      this.#woken = false;
      return;
    }
    let cancel: (() => void) | undefined;
    await new Promise<unknown>((resolve) => {
      this.#waiting = resolve;
      if (timeoutMs !== undefined) cancel = this.timers.after(timeoutMs, () => resolve(false));
    });
    cancel?.();
    this.#waiting = undefined;
    this.#woken = false;
  }

  #lineOf(topic: string): Line {
    return topic === TOPICS.commands ? this.#commands : this.#messages;
  }
}

/**
 * Merges both topics, each in its own order: the earlier broker time first, and in the same millisecond a command
 * before a message.
 */
function mergeByTime(commands: KafkaRecord[], messages: KafkaRecord[]): KafkaRecord[] {
  if (commands.length === 0) return messages;
  if (messages.length === 0) return commands;
  const merged: KafkaRecord[] = [];
  let c = 0;
  let m = 0;
  while (c < commands.length && m < messages.length) {
    const command = commands[c] as KafkaRecord;
    const message = messages[m] as KafkaRecord;
    if (command.timestampMs <= message.timestampMs) {
      merged.push(command);
      c += 1;
    } else {
      merged.push(message);
      m += 1;
    }
  }
  return [...merged, ...commands.slice(c), ...messages.slice(m)];
}
