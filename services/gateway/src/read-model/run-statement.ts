import type { Statement } from '@subledger/database';
import type pg from 'pg';

/** Without its name, so that it is planned anew: a plan made while a table was empty would read all of it later. */
export const runStatement = (client: Pick<pg.ClientBase, 'query'>, { text, values }: Statement) =>
  client.query(text, values);
