import { TOPICS } from '@subledger/contracts';
import type { KafkaRecord } from '@subledger/kafka';
import type { LaneOffsets } from '../store/rows.js';
import { recordFingerprint } from '../wire/record-fingerprint.js';

/** How far a lane is during a batch: the offsets that its transaction will store. */
export class LaneProgress {
  #commandOffset: bigint;
  #messageOffset: bigint;
  #lastCommand: KafkaRecord | null = null;
  #lastMessage: KafkaRecord | null = null;
  /** Broker time of the newest record, or 0 before the first. */
  latestAt = 0;

  constructor(private readonly before: LaneOffsets) {
    this.#commandOffset = before.commandOffset;
    this.#messageOffset = before.messageOffset;
  }

  /** Marks the record as processed, whatever its outcome. */
  pass(record: KafkaRecord): void {
    this.latestAt = Math.max(this.latestAt, record.timestampMs);
    if (record.topic === TOPICS.commands) {
      this.#commandOffset = record.offset + 1n;
      this.#lastCommand = record;
    } else {
      this.#messageOffset = record.offset + 1n;
      this.#lastMessage = record;
    }
  }

  /** Offset of the last message in the books, or null before the first. */
  get messagePosition(): bigint | null {
    const none = this.#lastMessage === null && this.before.messageLastId === null;
    return none ? null : this.#messageOffset - 1n;
  }

  finish(): LaneOffsets {
    const { before } = this;
    const lastCommand = this.#lastCommand;
    const lastMessage = this.#lastMessage;
    return {
      commandOffset: this.#commandOffset,
      messageOffset: this.#messageOffset,
      commandLastId: lastCommand === null ? before.commandLastId : recordFingerprint(lastCommand),
      messageLastId: lastMessage === null ? before.messageLastId : recordFingerprint(lastMessage),
    };
  }
}
