import type { Statement } from '@subledger/database';
import type pg from 'pg';
import { preparedQuery } from '../database/sql-reader.js';

type Client = Pick<pg.ClientBase, 'query'>;

/** Without its name, so that it is planned anew: a plan made while a table was empty would read all of it later. */
export const runStatement = (client: Client, { text, values }: Statement) => client.query(text, values);

/** Planned once per connection; of a pool whose plans go through indexes alone. */
export const runPlanned = (client: Client, { text, values }: Statement) =>
  client.query(preparedQuery(text, values));
