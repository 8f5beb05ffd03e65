import { type InsertOptions, type Statement, type Table, together } from '@subledger/database';

/** A statement of a batch. It may be carried out on its own, or only if the lane is ours (see `oneStatement`). */
export interface LaneStatement extends Statement {
  /** The text with that condition. */
  readonly textIfOurs: string;
}

const ARE_OURS = 'EXISTS (SELECT FROM ours)';

/** Inserts or upserts rows of a table. Both texts are made once. */
export function inserting<Row>(
  name: string,
  table: Table<Row>,
  options: Omit<InsertOptions, 'where'> = {},
): (rows: readonly Row[]) => LaneStatement {
  const text = table.insert(options);
  const textIfOurs = table.insert({ ...options, where: ARE_OURS });
  return (rows) => ({ name, text, textIfOurs, values: table.valuesOf(rows) });
}

/** @param text ends with a condition, to which the lane's is added */
export const conditional = (name: string, text: string, values: unknown[]): LaneStatement => ({
  name,
  text,
  textIfOurs: `${text} AND ${ARE_OURS}`,
  values,
});

/** @param text ends where a WHERE may follow */
export const unconditional = (name: string, text: string, values: unknown[]): LaneStatement => ({
  name,
  text,
  textIfOurs: `${text} WHERE ${ARE_OURS}`,
  values,
});

/**
 * Many statements as one, and so as one round trip and one transaction: the first is the fence (`… RETURNING` a row
 * if the lane is ours), the others happen only if it gave one. Answers one row per row of the fence.
 */
export function oneStatement(name: string, fence: Statement, others: readonly LaneStatement[]): Statement {
  const fenced = others.map(({ textIfOurs, values }, index) => ({
    name: `part${index + 1}`,
    text: textIfOurs,
    values,
  }));
  return together(name, [{ ...fence, name: 'ours' }, ...fenced], FENCE_ROWS);
}

const FENCE_ROWS: Statement = { name: 'rows', text: 'SELECT FROM ours', values: [] };
