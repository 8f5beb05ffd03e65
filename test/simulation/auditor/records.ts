import type { KafkaRecord } from '@subledger/kafka';
import { check, equal } from './check.js';
import { auditCommands } from './commands.js';
import { DeadLetters } from './dead-letters.js';
import type { EventLog } from './event-log.js';
import type { Evidence } from './evidence.js';
import { type InputView, isHome, readInput } from './input-log.js';
import { auditMessages, type Fact } from './messages.js';

const FORWARDED_HEADER = 'ledger-forwarded-from';

/** Inputs by kind, in the order in which their lanes read them. */
export interface Inputs {
  readonly commands: InputView[];
  readonly messages: InputView[];
}

/** Every input record, read by the auditor's own code, without records that are never read. */
export function readInputs(evidence: Evidence): Inputs {
  const read = (logs: Evidence['commands']) =>
    logs.flatMap((log) =>
      log.filter((record) => !evidence.lost.has(record)).map((record) => readInput(record, evidence.poison)),
    );
  return { commands: read(evidence.commands), messages: read(evidence.messages) };
}

/**
 * Checks that every valid record had exactly one effect and every invalid one exactly one dead letter.
 * @returns the fact that each event booked, by the event's id
 */
export function auditRecords(evidence: Evidence, inputs: Inputs, events: EventLog): Map<string, Fact> {
  const letters = new DeadLetters(evidence);
  const home = (inputs: readonly InputView[]) => inputs.filter((input) => settle(evidence, letters, input));
  auditCommands(evidence, letters, inputs.commands, home(inputs.commands), events);
  const booked = auditMessages(evidence, letters, home(inputs.messages), events);
  letters.assertAllExplained();
  return booked;
}

/**
 * Checks what does not need the books.
 * @returns whether it is a valid record on its own partition
 */
function settle(evidence: Evidence, letters: DeadLetters, input: InputView): boolean {
  if (input.kind === 'skipped') return letters.assertNone(input.record);
  if (input.kind === 'bad') {
    letters.expect(input.record, input.reasons);
    return false;
  }
  if (isHome(input, evidence)) return true;
  if (input.record.headers[FORWARDED_HEADER] !== undefined) letters.expect(input.record, ['unprocessable']);
  else {
    letters.assertNone(input.record);
    assertForwarded(evidence, input.record);
  }
  return false;
}

function assertForwarded(evidence: Evidence, record: KafkaRecord): void {
  const logs = record.topic === evidence.commands[0]?.[0]?.topic ? evidence.commands : evidence.messages;
  const copies = logs
    .flat()
    .filter(({ value, headers }) => value?.equals(record.value as Buffer) && FORWARDED_HEADER in headers);
  check(
    copies.some(({ headers }) => headers[FORWARDED_HEADER] === String(record.partition)),
    () => `${record.topic}:${record.partition}:${record.offset} was not sent on to its own partition`,
  );
  for (const copy of copies) equal(copy.key, record.key, () => `key of a record that was sent on`);
}
