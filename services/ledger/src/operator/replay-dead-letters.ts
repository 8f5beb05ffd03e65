import { RecordProducer } from '@subledger/kafka';
import { DeadLetterLog, type StoredLetter } from './dead-letter-log.js';
import { laterCommands } from './later-commands.js';
import type { OperatorContext } from './operator-command.js';
import { bookedOutcome, OutcomeWatch } from './replay-outcome.js';
import { planReplay, type Replay } from './replay-plan.js';

export interface ReplayOptions {
  /** One dead letter by its position, or all with a reason. */
  readonly which: { readonly place: string } | { readonly reason: string };
  readonly force: boolean;
  /** Without it, nothing is sent. */
  readonly yes: boolean;
}

/** Milliseconds to wait for the ledger's answer to each. */
const OUTCOME_TIMEOUT_MS = 10_000;

type Result = 'booked' | 'before' | 'refused' | 'would-be';

const ON_ORDER = [
  'A replay comes behind everything that the ledger has booked by now, at the broker time of now:',
  '  a command acts on the books of today, and in the month of today;',
  '  a message is booked to the month in which it was sent, and what its sub-account no longer has is paid by main.',
];

/**
 * Replays dead letters in the order in which their records arrived.
 * @returns the exit code
 */
export async function replayDeadLetters(context: OperatorContext, options: ReplayOptions): Promise<number> {
  const { print } = context;
  const log = new DeadLetterLog(context);
  const producer = new RecordProducer(context.kafka);
  const counts: Record<Result, number> = { booked: 0, before: 0, refused: 0, 'would-be': 0 };
  try {
    const letters = await chosen(log, options);
    if (letters.length === 0) print('There are no such dead letters.');
    else for (const line of ON_ORDER) print(line);
    for (const letter of letters) counts[await replayOne({ context, log, producer, options }, letter)] += 1;
  } finally {
    await producer.close();
    await log.close();
  }
  if (options.yes) {
    print(
      `${counts.booked} booked, ${counts.before} booked before, ${counts.refused} refused or not booked.`,
    );
  } else
    print(
      `Nothing was sent: ${counts['would-be']} would be, ${counts.refused} refused. Add --yes to replay.`,
    );
  return counts.refused > 0 ? 1 : 0;
}

async function chosen(log: DeadLetterLog, { which }: ReplayOptions): Promise<StoredLetter[]> {
  if ('place' in which) return [await log.find(which.place)];
  const letters: StoredLetter[] = [];
  for await (const stored of log.all()) if (stored.letter.reason === which.reason) letters.push(stored);
  return letters.sort((a, b) => a.letter.timestampMs - b.letter.timestampMs || bySource(a, b));
}

const bySource = (a: StoredLetter, b: StoredLetter): number =>
  Number(a.letter.source.offset - b.letter.source.offset);

interface Tools {
  readonly context: OperatorContext;
  readonly log: DeadLetterLog;
  readonly producer: RecordProducer;
  readonly options: ReplayOptions;
}

async function replayOne(tools: Tools, letter: StoredLetter): Promise<Result> {
  const { context, options } = tools;
  const { print } = context;
  const replay = planReplay(letter);
  if ('why' in replay) {
    print(`${letter.id}  refused: ${replay.why}`);
    return 'refused';
  }
  const what = `${letter.id}  ${replay.name} of ${replay.subAccountId ?? replay.mainAccountId}`;
  const before = await bookedOutcome(context, replay);
  if (before) {
    print(`${what}: nothing to do, the ledger has it already (${before.text})`);
    return before.isBooked ? 'before' : 'refused';
  }
  const refusal = options.force ? null : await overtaken(context, replay);
  if (refusal) {
    print(`${what}: refused, ${refusal}`);
    return 'refused';
  }
  if (!options.yes) {
    print(`${what}: would be sent${replay.kind === 'command' ? ` with the id ${replay.id}` : ''}`);
    return 'would-be';
  }
  return send(tools, replay, what);
}

/**
 * Why a command must not be replayed now: it would overwrite a later command on the same object. Messages are facts
 * and have no such order.
 */
async function overtaken(context: OperatorContext, replay: Replay): Promise<string | null> {
  if (replay.kind !== 'command') return null;
  const [newest, ...others] = await laterCommands(context, replay);
  if (!newest) return null;
  const { type, commandId, at, sequence } = newest;
  const more = others.length > 0 ? `, and ${others.length} more before it` : '';
  return (
    `a later command on the same ${replay.subAccountId === null ? 'main account' : 'sub-account'} is booked: ` +
    `${type} (command ${commandId}, ${at.toISOString()}, sequence ${sequence})${more}. ` +
    'If it shall still act, on top of that: --force'
  );
}

async function send({ context, log, producer }: Tools, replay: Replay, what: string): Promise<Result> {
  const { print } = context;
  const watch = new OutcomeWatch(context, log, replay);
  await watch.begin();
  await producer.send([replay.record]);
  if (replay.kind === 'status') {
    print(`${what}: sent; the gateway's message log takes it from there`);
    return 'booked';
  }
  const outcome = await watch.wait(OUTCOME_TIMEOUT_MS);
  if (outcome === null) {
    print(
      `${what}: sent, and not answered within ${OUTCOME_TIMEOUT_MS / 1_000} s. It is in the topic: nothing is lost,`,
    );
    print('  a ledger will book it once. Is one running? Replaying it again does no harm.');
    return 'refused';
  }
  print(`${what}: ${outcome.text}`);
  return outcome.isBooked ? 'booked' : 'refused';
}
