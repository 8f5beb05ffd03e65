import { DeadLetterLog, placeOf, type StoredLetter } from './dead-letter-log.js';
import type { OperatorContext } from './operator-command.js';
import { redactedValue } from './redact.js';
import { textTable } from './text-table.js';

export interface ListFilter {
  readonly reason: string | undefined;
  readonly mainAccountId: string | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly limit: number;
  readonly json: boolean;
}

/** Prints the newest dead letters, oldest first. */
export async function listDeadLetters(context: OperatorContext, filter: ListFilter): Promise<number> {
  const log = new DeadLetterLog(context);
  let newest: StoredLetter[] = [];
  let count = 0;
  const reasons = new Map<string, number>();
  try {
    for await (const stored of log.all()) {
      if (!matches(stored, filter)) continue;
      count += 1;
      reasons.set(stored.letter.reason, (reasons.get(stored.letter.reason) ?? 0) + 1);
      // Without the value: those of a whole topic do not fit into memory.
      newest.push({ ...stored, letter: { ...stored.letter, value: null } });
      if (newest.length >= 2 * filter.limit + 1_000) newest = last(newest, filter.limit);
    }
  } finally {
    await log.close();
  }
  newest = last(newest, filter.limit);
  if (filter.json) for (const stored of newest) context.print(JSON.stringify(toJson(stored)));
  else printTable(context, newest, count, reasons);
  return 0;
}

const last = (letters: StoredLetter[], limit: number): StoredLetter[] =>
  letters.sort((a, b) => a.writtenAt - b.writtenAt).slice(-limit);

function matches(
  { letter, writtenAt }: StoredLetter,
  filter: Pick<ListFilter, 'reason' | 'mainAccountId' | 'since'>,
): boolean {
  if (filter.reason !== undefined && letter.reason !== filter.reason) return false;
  if (filter.since !== undefined && writtenAt < filter.since) return false;
  return filter.mainAccountId === undefined || mainsOf(letter).includes(filter.mainAccountId);
}

/** The main accounts of a letter: that of its key and that of its data, which may differ. */
function mainsOf({ key, value }: StoredLetter['letter']): string[] {
  const mains = key === null ? [] : [key];
  try {
    const { data } = JSON.parse(value?.toString('utf8') ?? 'null') as { data?: { mainAccountId?: unknown } };
    if (typeof data?.mainAccountId === 'string') mains.push(data.mainAccountId);
  } catch {
    // Not JSON: there is only the key.
  }
  return mains;
}

function printTable(
  { print }: OperatorContext,
  letters: readonly StoredLetter[],
  count: number,
  reasons: ReadonlyMap<string, number>,
): void {
  if (count === 0) {
    print('No dead letters.');
    return;
  }
  const rows = letters.map(({ id, writtenAt, letter }) => [
    id,
    new Date(writtenAt).toISOString(),
    letter.reason,
    placeOf(letter.source),
    letter.type ?? '-',
    letter.key ?? '-',
  ]);
  for (const line of textTable([['ID', 'DEAD-LETTERED', 'REASON', 'SOURCE', 'TYPE', 'KEY'], ...rows]))
    print(line);
  const byReason = [...reasons].sort(([, a], [, b]) => b - a).map(([reason, n]) => `${n} ${reason}`);
  const more = count > letters.length ? `; the newest ${letters.length} are shown, --limit shows more` : '';
  print(`${count} in all (${byReason.join(', ')})${more}.`);
}

function toJson({ id, writtenAt, letter }: StoredLetter): object {
  const { source, reason, detail, type, key, timestampMs, valueBytes } = letter;
  return {
    id,
    writtenAt: new Date(writtenAt).toISOString(),
    reason,
    detail,
    source: placeOf(source),
    sourceAt: new Date(timestampMs).toISOString(),
    type: type ?? null,
    eventId: letter.id ?? null,
    key,
    valueBytes,
  };
}

/** Prints one dead letter without message content. */
export async function showDeadLetter(context: OperatorContext, place: string): Promise<number> {
  const { print } = context;
  const log = new DeadLetterLog(context);
  try {
    const { id, writtenAt, letter } = await log.find(place);
    const { source, reason, detail, timestampMs, headers, valueBytes } = letter;
    print(`Dead letter ${id}, written ${new Date(writtenAt).toISOString()}`);
    print(`  reason   ${reason}: ${detail}`);
    print(`  source   ${placeOf(source)}, broker time ${new Date(timestampMs).toISOString()}`);
    print(`  type     ${letter.type ?? '(not legible)'}, id ${letter.id ?? '(not legible)'}`);
    print(`  key      ${letter.key ?? '(none)'}`);
    for (const [name, value] of Object.entries(headers)) print(`  header   ${name}: ${value}`);
    print(
      `  value    ${valueBytes} bytes${letter.isTruncated ? ', of which only the beginning is kept' : ''}`,
    );
    if (letter.isSealed) print('    (sealed with another DEAD_LETTER_KEY than this command has)');
    else for (const line of redactedValue(letter.value)) print(`    ${line}`);
    return 0;
  } finally {
    await log.close();
  }
}
