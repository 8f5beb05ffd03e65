import { BooksView } from './books.js';
import { AuditFailure, check } from './check.js';
import { type CommandData, follow } from './decisions.js';
import { type EventLog, readEvents } from './event-log.js';
import type { EventView, Evidence } from './evidence.js';
import { auditLimits } from './limit-topic.js';
import type { Fact } from './messages.js';
import { auditRecords, type Inputs, readInputs } from './records.js';
import { assertRefusal } from './refusals.js';
import { assertSnapshots } from './snapshots.js';
import { auditTables } from './stored.js';

/** Numbers of audited objects, for the report. */
export interface Findings {
  readonly events: number;
  readonly published: number;
  readonly inputs: number;
  readonly limits: number;
  readonly byName: ReadonlyMap<string, number>;
  readonly rejections: ReadonlyMap<string, number>;
  readonly deadLetters: ReadonlyMap<string, number>;
}

/**
 * Audits a finished run by its externally visible results (design, section 3). It shares no code with the ledger: it
 * reads the wire's schemas, keeps its own books, and computes months in another way.
 * @throws AuditFailure with the first violation
 */
export function audit(evidence: Evidence): Findings {
  const inputs = readInputs(evidence);
  const events = readEvents(evidence);
  const facts = auditRecords(evidence, inputs, events);
  const books = followAll(evidence, inputs, events, facts);
  assertNoneOverdue(evidence, books);
  auditLimits(evidence, events, books, facts);
  auditTables(evidence, events, books);
  return findings(evidence, inputs, events);
}

function followAll(
  evidence: Evidence,
  inputs: Inputs,
  { books: events, snapshots }: EventLog,
  facts: ReadonlyMap<string, Fact>,
): Map<string, BooksView> {
  const commands = commandData(inputs);
  const books = new Map<string, BooksView>();
  for (const [mainAccountId, own] of events) {
    const view = new BooksView(mainAccountId);
    books.set(mainAccountId, view);
    for (const decision of decisions(own)) {
      const [first] = decision as [EventView, ...EventView[]];
      const command = commands.get(`${mainAccountId} ${first.data.cause.id}`);
      const given = (first.data.cause.kind === 'command' ? command : facts.get(first.id)?.data) ?? null;
      for (const event of decision) if (event.name === 'command.rejected') assertRefusal(view, event, given);
      try {
        follow(view, decision, given, evidence);
      } catch (error) {
        // Events that cannot even be followed are wrong too.
        if (error instanceof AuditFailure) throw error;
        throw new AuditFailure(`${first.id} cannot be followed: ${String(error)}`);
      }
      assertRolled(view, decision);
      const reached = decision.at(-1)?.data.sequence;
      for (const part of snapshots.get(mainAccountId) ?? [])
        if (part.data.sequence === reached) assertSnapshots(view, part, own);
    }
  }
  return books;
}

/** Checks that a record finds its account rolled. Only a requested roll rolls one month and leaves further ones. */
function assertRolled(view: BooksView, decision: readonly EventView[]): void {
  const [first] = decision as [EventView, ...EventView[]];
  const { cause, at } = first.data;
  if (cause.kind === 'clock' || cause.type === 'subledger.period.roll.v1') return;
  check(
    Date.parse(at) < view.nextStart,
    () => `${first.id} came before the month start of ${view.nextStart}`,
  );
}

/** The ledger looks for holds that are over every two seconds of its clock. */
const OVERDUE_MS = 10_000;

/** Open holds have not been over for long, unless their main account waits for its month start. */
function assertNoneOverdue({ endedAt }: Evidence, books: ReadonlyMap<string, BooksView>): void {
  for (const view of books.values()) {
    if (view.nextStart <= endedAt) continue;
    for (const [messageId, { state, expiresAt }] of view.holds)
      check(
        state !== 'open' || expiresAt > endedAt - OVERDUE_MS,
        () => `hold ${messageId} of ${view.id} is over`,
      );
  }
}

/** Runs of events with one cause. */
function* decisions(events: readonly EventView[]): Generator<EventView[]> {
  let run: EventView[] = [];
  const causeOf = ({ data: { cause, at } }: EventView) => `${cause.kind} ${cause.id} ${cause.type} ${at}`;
  for (const event of events) {
    const [first] = run;
    if (first && causeOf(first) !== causeOf(event)) {
      yield run;
      run = [];
    }
    run.push(event);
  }
  if (run.length > 0) yield run;
}

/** Data of the commands by command id. The first command with an id counts. */
function commandData({ commands }: Inputs): Map<string, CommandData> {
  const data = new Map<string, CommandData>();
  for (const input of commands) {
    if (input.kind !== 'command') continue;
    const key = `${input.mainAccountId} ${input.id}`;
    if (!data.has(key)) data.set(key, input.data);
  }
  return data;
}

function findings(
  evidence: Evidence,
  inputs: Inputs,
  { books, without, snapshots, published }: EventLog,
): Findings {
  const byName = new Map<string, number>();
  const rejections = new Map<string, number>();
  const deadLetters = new Map<string, number>();
  const add = (counts: Map<string, number>, name: unknown) =>
    counts.set(String(name), (counts.get(String(name)) ?? 0) + 1);
  const all = [...[...books.values()].flat(), ...without, ...[...snapshots.values()].flat()];
  for (const { name, data } of all) {
    add(byName, name);
    if (name === 'command.rejected') add(rejections, data.code);
  }
  for (const { value } of evidence.deadLetters.flat())
    add(deadLetters, (JSON.parse(String(value)) as { reason: string }).reason);
  return {
    events: all.length,
    published,
    inputs: inputs.commands.length + inputs.messages.length,
    limits: evidence.limits.flat().length,
    byName,
    rejections,
    deadLetters,
  };
}
