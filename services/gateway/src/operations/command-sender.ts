import { TOPICS } from '@subledger/contracts';
import { injectTrace, type RecordProducer } from '@subledger/kafka';

export interface StoredCommand {
  readonly mainAccountId: string;
  /** The CloudEvent as JSON. */
  readonly command: string;
}

/** Writes stored commands to the ledger's topic, and remembers whether that succeeded. */
export class CommandSender {
  #failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly producer: Pick<RecordProducer, 'send'>) {}

  /** @throws KafkaUnavailableError if the brokers did not acknowledge in time; the sweeper sends them again */
  async send(commands: readonly StoredCommand[]): Promise<void> {
    try {
      await this.producer.send(
        commands.map(({ mainAccountId, command }) => ({
          topic: TOPICS.commands,
          key: mainAccountId,
          value: command,
          headers: injectTrace(),
        })),
      );
      this.#failedAtMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      this.#failedAtMs = performance.now();
      throw error;
    }
  }

  /** Whether a send failed within the last `withinMs` and none has succeeded since. */
  hasFailedWithin(withinMs: number): boolean {
    return performance.now() - this.#failedAtMs < withinMs;
  }
}
