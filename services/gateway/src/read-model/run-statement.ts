import type { Statement } from '@subledger/database';
import type pg from 'pg';
import { preparedQuery } from '../database/sql-reader.js';

type Client = Pick<pg.ClientBase, 'query'>;

/** Unnamed, so that it is planned anew: a plan made while a table was empty would later read all of it. */
export const runStatement = (client: Client, { text, values }: Statement) => client.query(text, values);

/** Planned once per connection, in a pool whose plans use indexes only. */
export const runPlanned = (client: Client, { text, values }: Statement) =>
  client.query(preparedQuery(text, values));
