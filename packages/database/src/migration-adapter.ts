import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { ColumnTypeEnum, DriverAdapterError } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { assertSchemaName, sessionOptions } from './pool.js';

type Adapter = Awaited<ReturnType<PrismaPg['connect']>>;

export interface MigrationAdapterOptions {
  readonly databaseUrl: string;
  readonly schema: string;
}

/**
 * The connection of the schema engine. It differs from Prisma's own in three points: at most one connection, because
 * the engine's advisory lock belongs to a session; scripts are sent unchanged; and scratch databases have the
 * service's PostgreSQL schema.
 */
export class MigrationAdapterFactory extends PrismaPg {
  readonly #options: MigrationAdapterOptions;
  readonly #pool: pg.Pool;
  #scriptError: string | undefined;
  #scratch: MigrationAdapterFactory | undefined;
  readonly #undo: (() => Promise<void>)[] = [];

  constructor(options: MigrationAdapterOptions) {
    assertSchemaName(options.schema);
    const pool = migrationPool(options);
    super(pool, { schema: options.schema });
    this.#options = options;
    this.#pool = pool;
  }

  /** PostgreSQL's message for the last failed script, with the line. */
  get scriptError(): string | undefined {
    return this.#scriptError ?? this.#scratch?.scriptError;
  }

  /** Closes the connections and drops the scratch databases. Freeing the engine does neither. */
  async close(): Promise<void> {
    // In reverse order: the connections to a scratch database are closed before it is dropped.
    for (const undo of this.#undo.splice(0).reverse()) await undo();
    await this.#pool.end();
  }

  override async connect(): Promise<Adapter> {
    const onError = (message: string): void => {
      this.#scriptError = message;
    };
    return readingCatalogs(withWholeScripts(await super.connect(), onError));
  }

  /** A new empty database in which the engine replays migrations. */
  override async connectToShadowDb(): Promise<Adapter> {
    const { databaseUrl, schema } = this.#options;
    const scratch = await createScratchDatabase(databaseUrl);
    // Not left to the engine's dispose(), which is not called if the engine fails.
    this.#undo.push(scratch.drop);
    const factory = new MigrationAdapterFactory({ databaseUrl: scratch.url, schema });
    this.#undo.push(() => factory.close());
    this.#scratch = factory;
    const adapter = await factory.connect();
    await adapter.executeScript(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    return adapter;
  }
}

function migrationPool(options: MigrationAdapterOptions): pg.Pool {
  const pool = new CatalogReadingPool({
    connectionString: options.databaseUrl,
    application_name: 'subledger-migrate',
    max: 1,
    options: sessionOptions(options.schema),
    connectionTimeoutMillis: 10_000,
    // A migration may rewrite a large table, so its statements have no time-out. Waiting for a lock has one, because
    // others wait behind a waiting ALTER TABLE.
    lock_timeout: 30_000,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/**
 * Prisma's adapter splits scripts at every semicolon, also inside `$$ function bodies $$`. Sent unchanged, PostgreSQL
 * parses the script and runs it as one transaction, so a migration applies completely or not at all.
 */
function withWholeScripts(adapter: Adapter, onError: (message: string) => void): Adapter {
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script);
    } catch (error) {
      onError(described(error, script));
      throw new DriverAdapterError(asPostgresError(error));
    }
  };
  return adapter;
}

/** PostgreSQL's one-byte type `"char"`, which its catalogs use for kinds, and its array type. */
const CHAR = 18;
const CHAR_ARRAY = 1002;

/**
 * Prisma's adapter supports arrays of `"char"` but not `"char"` itself, so it cannot read the catalogs for a
 * comparison. This pool passes such columns through with the array's number and renames them afterwards.
 */
class CatalogReadingPool extends pg.Pool {
  override query = (async (...args: unknown[]) => {
    const result = await (super.query as (...args: unknown[]) => Promise<pg.QueryResult | pg.QueryResult[]>)(
      ...args,
    );
    for (const { fields } of Array.isArray(result) ? result : [result]) {
      for (const field of fields) if (field.dataTypeID === CHAR) field.dataTypeID = CHAR_ARRAY;
    }
    return result;
  }) as pg.Pool['query'];
}

function readingCatalogs(adapter: Adapter): Adapter {
  const queryRaw = adapter.queryRaw.bind(adapter);
  adapter.queryRaw = async (query) => {
    const result = await queryRaw(query);
    const { Character, CharacterArray } = ColumnTypeEnum;
    return {
      ...result,
      columnTypes: result.columnTypes.map((type) => (type === CharacterArray ? Character : type)),
    };
  };
  return adapter;
}

/** `relation "x" does not exist (line 12)`. The error's position counts characters from 1. */
function described(error: unknown, script: string): string {
  const { message, position } = error as Partial<pg.DatabaseError>;
  const line =
    position === undefined ? '' : ` (line ${script.slice(0, Number(position)).split('\n').length})`;
  return `${message ?? String(error)}${line}`;
}

function asPostgresError(error: unknown): ConstructorParameters<typeof DriverAdapterError>[0] {
  const { code, severity, message, detail, column, hint } = error as Partial<pg.DatabaseError>;
  return {
    kind: 'postgres',
    code: code ?? 'XX000',
    severity: severity ?? 'ERROR',
    message: message ?? String(error),
    detail,
    column,
    hint,
  };
}

/** A new database on the same server, for the user of `databaseUrl`, who needs `CREATEDB`. */
async function createScratchDatabase(databaseUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `subledger_scratch_${randomUUID().replaceAll('-', '')}`;
  // template0, because CREATE DATABASE fails while anyone is connected to its template.
  await runOnce(databaseUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => runOnce(databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function runOnce(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'subledger-migrate',
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
