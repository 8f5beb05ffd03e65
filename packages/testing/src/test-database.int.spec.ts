import { afterEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from './test-database.js';

describe('createTestDatabase', () => {
  const made: TestDatabase[] = [];
  afterEach(async () => {
    await Promise.all(made.splice(0).map((database) => database.drop()));
  });

  it('gives many at once a migrated database each', async () => {
    const databases = await Promise.all(
      Array.from({ length: 6 }, () => createTestDatabase({ services: ['ledger'] })),
    );
    made.push(...databases);
    expect(new Set(databases.map(({ name }) => name)).size).toBe(6);
    const [first, second] = databases as [TestDatabase, TestDatabase];
    await first.client.query("INSERT INTO ledger.lanes (lane, epoch, owner) VALUES (1, 1, 'test')");
    const { rows } = await second.client.query('SELECT count(*)::int AS lanes FROM ledger.lanes');
    expect(rows).toEqual([{ lanes: 0 }]);
  });

  it('drops a database with open connections', async () => {
    const database = await createTestDatabase({ services: ['ledger'] });
    const other = await createTestDatabase({ services: ['ledger'] });
    made.push(other);
    const stray = await database.client.connect();
    stray.on('error', () => {});
    stray.release();
    await database.drop();
    const { rowCount } = await other.client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      database.name,
    ]);
    expect(rowCount).toBe(0);
  });
});
