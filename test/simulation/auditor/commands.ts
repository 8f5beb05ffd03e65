import { TOPICS } from '@subledger/contracts';
import { check, equal } from './check.js';
import type { DeadLetters } from './dead-letters.js';
import type { EventLog } from './event-log.js';
import type { EventView, Evidence } from './evidence.js';
import { type CommandView, type InputView, isHome } from './input-log.js';

/** Events that follow from another one in the same decision. */
const FOLLOW_UPS = new Set([
  'sub-account.funded',
  'sub-account.rolled',
  'main-account.sending-stopped',
  'main-account.sending-resumed',
]);

/** The event that answers each command if it is not refused. */
const ANSWERS: Record<string, readonly string[]> = {
  'main-account.open': ['main-account.opened'],
  'main-account.configure': ['main-account.configured'],
  'main-account.suspend': ['main-account.suspended'],
  'main-account.resume': ['main-account.resumed'],
  'feature.activate': ['feature.activated'],
  'feature.deactivate': ['feature.deactivated'],
  'points.purchase': ['points.purchased'],
  'points.adjust': ['points.adjusted'],
  'plan.switch': ['plan.switched'],
  'sub-account.open': ['sub-account.opened'],
  'sub-account.configure': ['sub-account.configured'],
  'limit.change': ['limit.changed'],
  'limit.boost': ['limit.boosted'],
  'sub-account.pause': ['sub-account.paused'],
  'sub-account.resume': ['sub-account.resumed'],
  'sub-account.deactivate': ['sub-account.deactivated'],
  'sub-account.reactivate': ['sub-account.reactivated'],
  'sub-account.delete': ['sub-account.deleted'],
  'hold.place': ['hold.placed'],
  'hold.release': ['hold.released'],
  'period.roll': ['period.rolled', 'period.already-rolled'],
  'snapshot.request': ['snapshot.requested'],
};

interface Outcomes {
  /** Answers to the command itself, each once, however often it was published. */
  readonly own: Map<string, EventView>;
  readonly conflicts: Set<string>;
}

const commandKey = (mainAccountId: string, id: string) => `${mainAccountId} ${id}`;

/** Invariant 5 for commands: one outcome per id. Other content with the same id is a conflict each time. */
export function auditCommands(
  evidence: Evidence,
  letters: DeadLetters,
  all: readonly InputView[],
  home: readonly InputView[],
  events: EventLog,
): void {
  const outcomes = collect(evidence, events);
  const firsts = new Map<string, CommandView>();
  const conflicts = new Map<string, number>();
  const lastSequence = new Map<string, number>();
  const isValid = new Set(home);
  for (const input of all) {
    const command =
      input.kind === 'bad' ? input.command : input.kind === 'command' && isValid.has(input) ? input : null;
    if (!command || !isHome({ record: input.record, mainAccountId: command.mainAccountId }, evidence))
      continue;
    const key = commandKey(command.mainAccountId, command.id);
    const first = firsts.get(key);
    if (!first) firsts.set(key, command);
    else if (first.content !== command.content) conflicts.set(key, (conflicts.get(key) ?? 0) + 1);
    if (input.kind !== 'command') continue;
    if (!first && input.isPoisoned) letters.expect(input.record, ['unprocessable']);
    else letters.assertNone(input.record);
    if (!first) assertAnswer(input, outcomes.get(key), lastSequence);
  }
  for (const key of firsts.keys()) {
    const { own, conflicts: found } = outcomes.get(key) ?? NONE;
    equal(own.size, 1, () => `outcomes of command ${key}`);
    equal(found.size, conflicts.get(key) ?? 0, () => `conflicts of command ${key}`);
  }
  for (const key of outcomes.keys())
    check(firsts.has(key), () => `outcome of a command that nobody sent: ${key}`);
}

const NONE: Outcomes = { own: new Map(), conflicts: new Set() };

function assertAnswer(
  input: InputView & { kind: 'command' },
  outcomes: Outcomes | undefined,
  lastSequence: Map<string, number>,
): void {
  const { mainAccountId, id, name } = input;
  for (const { name: answer, data } of outcomes?.own.values() ?? []) {
    const isRight = answer === 'command.rejected' || ANSWERS[name]?.includes(answer);
    check(isRight === true, () => `${name} ${id} was answered by ${answer}`);
    if (input.isPoisoned) equal(data.code, 'invalid-command', () => `code of the poisoned ${id}`);
    if (data.sequence === 0) continue;
    // Commands of a main account are decided in the order of their log.
    check(data.sequence > (lastSequence.get(mainAccountId) ?? 0), () => `${id} was decided before its turn`);
    lastSequence.set(mainAccountId, data.sequence);
  }
}

/** Outcomes by command. Outcomes without books name the record. The same one after a restore is the same outcome. */
function collect(evidence: Evidence, { books, without }: EventLog): Map<string, Outcomes> {
  const outcomes = new Map<string, Outcomes>();
  const add = (event: EventView, identity: string) => {
    const { cause, mainAccountId, code } = event.data;
    const key = commandKey(mainAccountId, cause.id);
    const found = outcomes.get(key) ?? { own: new Map(), conflicts: new Set() };
    outcomes.set(key, found);
    if (code === 'idempotency-conflict') found.conflicts.add(identity);
    else found.own.set(identity, event);
  };
  for (const own of books.values())
    for (const event of own)
      if (event.data.cause.kind === 'command' && !FOLLOW_UPS.has(event.name)) add(event, event.id);
  const lostIds = new Set(
    [...evidence.lost]
      .filter(({ topic }) => topic === TOPICS.commands)
      .map(({ partition, offset, timestampMs: at }) => `${partition} ${offset} ${at}`),
  );
  for (const event of without) {
    const [, lane, offset] = /^lane-(\d+)\.\d+\.command-(\d+)$/.exec(event.id) ?? [];
    const { mainAccountId, at } = event.data;
    const record = { partition: Number(lane) } as EventView & { topic: string };
    const place = `${lane} ${offset} ${Date.parse(at)}`;
    // A command on a wrong partition is answered where it was read, which is not where its id is stored.
    if (!isHome({ record: record as never, mainAccountId }, evidence) || lostIds.has(place)) continue;
    add(event, place);
  }
  return outcomes;
}
