export { type Cell, plainArray, textArray } from './array-literals.js';
export { columns } from './columns.js';
export { isConnectionError, isTransientError, sqlState } from './connection-errors.js';
export {
  type CreateMigrationOptions,
  createMigration,
  type DiffSource,
  diffMigrations,
  type MigrationDiff,
} from './diff-migrations.js';
export { fitting } from './fitting.js';
export { applyByHalves, halvesOf } from './halving.js';
export { MigrationError, type MigrationSource, migrate } from './migrate.js';
export { ensurePartitions, type MonthlyTables, PartitionKeeper } from './month-partitions.js';
export { assertSchemaName, createPool, type PoolOptions } from './pool.js';
export { prismaAdapter } from './prisma-adapter.js';
export { shortName } from './short-name.js';
export * from './table.js';
export { type Statement, together } from './together.js';
export {
  CommitInDoubtError,
  type IsolationLevel,
  type TransactionOptions,
  withTransaction,
} from './transaction.js';
