/**
 * Months of time zones by `Intl.DateTimeFormat` and search only. The core uses Temporal, so the two cannot have the
 * same bug.
 */

const formats = new Map<string, Intl.DateTimeFormat>();

/** The month `YYYY-MM` that an instant is in. */
export function periodOf(at: number, zone: string): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      calendar: 'gregory',
      year: 'numeric',
      month: '2-digit',
    });
    formats.set(zone, format);
  }
  let year = '';
  let month = '';
  for (const { type, value } of format.formatToParts(at)) {
    if (type === 'year') year = value;
    if (type === 'month') month = value;
  }
  return `${year}-${month}`;
}

export function next(period: string): string {
  const [year = 0, month = 0] = period.split('-').map(Number);
  return month === 12 ? `${year + 1}-01` : `${year}-${String(month + 1).padStart(2, '0')}`;
}

export function previous(period: string): string {
  const [year = 0, month = 0] = period.split('-').map(Number);
  return month === 1 ? `${year - 1}-12` : `${year}-${String(month - 1).padStart(2, '0')}`;
}

const DAY = 86_400_000;
const starts = new Map<string, number>();

/** The first instant of a month in a zone, in milliseconds. */
export function monthStart(period: string, zone: string): number {
  const key = `${period} ${zone}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  const [year = 0, month = 0] = period.split('-').map(Number);
  // No zone differs by more than two days from UTC, and local months never occur twice.
  let before = Date.UTC(year, month - 1, 1) - 2 * DAY;
  let after = Date.UTC(year, month - 1, 1) + 2 * DAY;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (periodOf(middle, zone) < period) before = middle;
    else after = middle;
  }
  starts.set(key, after);
  return after;
}
