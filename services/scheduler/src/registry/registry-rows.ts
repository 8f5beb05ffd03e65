import type { RegistryRow } from './fold-events.js';

/** A row of `main_accounts` as pg reads it: int8 as bigint, timestamptz as Date. */
export interface MainAccountRow {
  main_account_id: string;
  time_zone: string;
  period: string;
  next_month_start: Date;
  generation: number;
  sequence: bigint;
}

export const REGISTRY_COLUMNS =
  'm.main_account_id, m.time_zone, m.period, m.next_month_start, m.generation, m.sequence';

export const toRegistryRow = (row: MainAccountRow): RegistryRow => ({
  mainAccountId: row.main_account_id,
  timeZone: row.time_zone,
  period: row.period,
  nextMonthStart: row.next_month_start.getTime(),
  generation: row.generation,
  sequence: Number(row.sequence),
});
