import { FIRST_INSTANT } from '@subledger/contracts';
import { dayStart } from '@subledger/core';

/** A list's range of instants or dates. */
interface TimeRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The same range with instants only: a date becomes its first instant in the zone. */
export function inZone<Query extends TimeRange>(query: Query, timeZone: string): Query {
  const { from, to } = query;
  return {
    ...query,
    ...(from === undefined ? {} : { from: instantOf(from, timeZone) }),
    ...(to === undefined ? {} : { to: instantOf(to, timeZone) }),
  };
}

function instantOf(text: string, timeZone: string): string {
  if (text.includes('T')) return text;
  return new Date(Math.max(dayStart(text, timeZone), FIRST_INSTANT)).toISOString();
}
