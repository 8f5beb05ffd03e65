import { type Cell, cellArray } from './array-literals.js';

export type SqlType = 'text' | 'int' | 'bigint' | 'bool' | 'timestamptz' | 'jsonb' | 'bytea';

/** A column as rows are written to it. */
export interface Column<Row> {
  readonly name: string;
  readonly type: SqlType;
  /** Times and JSON are given as text, `bytea` as a Buffer. */
  readonly of: (row: Row) => Cell | Buffer;
  /** SQL that makes the stored value of the given one (`new.<name>`), where they differ. */
  readonly stored?: string;
}

/** What happens to a row that is there already. */
export interface OnConflict {
  readonly key: readonly string[];
  /** Columns that take the new values; absent: all but the key. */
  readonly set?: readonly string[];
  /** Columns that take something else: SQL by name, in which `t` is the row that is there, `excluded` the new one. */
  readonly setTo?: Readonly<Record<string, string>>;
  /** SQL; the row stays as it is where this is not true. */
  readonly where?: string;
}

export interface InsertOptions {
  /** SQL; without it being true nothing is inserted. */
  readonly where?: string;
  readonly onConflict?: OnConflict;
}

/**
 * The columns of a table that a set-based statement writes, listed once: names, types and values of inserts and upserts
 * come from here. One parameter per column, an array with a value per row, so that the text does not depend on the
 * number of rows and is prepared once.
 */
export class Table<Row> {
  constructor(
    readonly name: string,
    readonly columns: readonly Column<Row>[],
  ) {}

  /** SQL of `INSERT … SELECT … FROM unnest(…)`. Its parameters are `valuesOf`. */
  insert({ where, onConflict }: InsertOptions = {}): string {
    const names = this.columns.map(({ name }) => name).join(', ');
    const stored = this.columns.map(({ name, stored: sql }) => sql ?? `new.${name}`).join(', ');
    const parameters = this.columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    const condition = where === undefined ? '' : `\n WHERE ${where}`;
    const conflict = onConflict === undefined ? '' : `\n ${this.#conflict(onConflict)}`;
    return `INSERT INTO ${this.name} AS t (${names})
 SELECT ${stored} FROM unnest(${parameters}) AS new (${names})${condition}${conflict}`;
  }

  /** The parameters of `insert`. */
  valuesOf(rows: readonly Row[]): unknown[] {
    return this.columns.map(({ type, of }) =>
      // `pg` writes the Buffers of a bytea[] itself.
      type === 'bytea' ? rows.map(of) : cellArray(rows, of as (row: Row) => Cell),
    );
  }

  #conflict({ key, set, setTo = {}, where }: OnConflict): string {
    const rest = set ?? this.columns.map(({ name }) => name).filter((name) => !key.includes(name));
    const assignments = [
      ...rest.filter((name) => !(name in setTo)).map((name) => `${name} = excluded.${name}`),
      ...Object.entries(setTo).map(([name, sql]) => `${name} = ${sql}`),
    ];
    const condition = where === undefined ? '' : `\n WHERE ${where}`;
    return `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${assignments.join(', ')}${condition}`;
  }
}

type Of<Row> = Column<Row>['of'];
const column =
  (type: SqlType) =>
  <Row>(name: string, of: Of<Row>, stored?: string): Column<Row> =>
    stored === undefined ? { name, type, of } : { name, type, of, stored };

/** Columns by their type. */
export const text = column('text');
export const int = column('int');
export const bigint = column('bigint');
export const bool = column('bool');
export const timestamptz = column('timestamptz');
export const jsonb = column('jsonb');
export const bytea = column('bytea');
