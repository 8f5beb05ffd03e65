const known = new Map<string, boolean>();
const FIRST_YEAR = 1970;
const LAST_YEAR = 2050;

/** Whether every offset of the zone since 1970 is a whole number of hours, as in most zones. */
export function hasWholeHours(timeZone: string): boolean {
  let answer = known.get(timeZone);
  if (answer === undefined) {
    answer = offsetsOf(timeZone).every((offset) => !offset.includes(':'));
    known.set(timeZone, answer);
  }
  return answer;
}

/** Offsets such as `GMT+9` or `GMT+5:30`, in winter and summer of every year. */
function offsetsOf(timeZone: string): string[] {
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' });
  const offsets: string[] = [];
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year += 1) {
    for (const month of [0, 3, 6, 9]) {
      const parts = format.formatToParts(Date.UTC(year, month, 15));
      offsets.push(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '');
    }
  }
  return offsets;
}
