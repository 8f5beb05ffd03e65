import type pg from 'pg';
import { reconcile } from '../reconcile/reconcile.js';
import { failedChecks } from '../reconcile/reconciliation.js';

/** @throws Error that names each failed check, with its first rows */
export async function assertBooks(db: pg.Pool): Promise<void> {
  const failed = failedChecks(await reconcile(db, { examples: 3 }));
  if (failed.length === 0) return;
  throw new Error(
    failed
      .map(({ name, meaning, examples }) => `${name} (${meaning}): ${JSON.stringify(examples)}`)
      .join('\n'),
  );
}
