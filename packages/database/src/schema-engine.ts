import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationAdapterFactory } from './migration-adapter.js';

export type SchemaEngine = bindings.SchemaEngine;

/** The part of the global that is used: its types come with the browser's library, which is not ours. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ readonly instance: { readonly exports: Record<string, unknown> } }>;
};

let panic: string | undefined;
let loading: Promise<void> | undefined;

/**
 * Prisma's schema engine, as WebAssembly: the binary of `prisma migrate` is downloaded from Prisma's own
 * server, this comes with npm. It keeps the same `_prisma_migrations` table, so the two can take turns.
 */
export async function openSchemaEngine(
  adapter: MigrationAdapterFactory,
  schemaFile: { readonly path: string; readonly content: string },
): Promise<SchemaEngine> {
  loading ??= instantiate();
  await loading;
  // The engine logs each statement as a JSON line; what failed is in the error that it throws.
  const ignoreLog = (): void => {};
  return bindings.SchemaEngine.new(
    { datamodels: [[schemaFile.path, schemaFile.content]] },
    ignoreLog,
    bindMigrationAwareSqlAdapterFactory(adapter),
  );
}

/** What the package's own entry does by importing the `.wasm` as a module, which Node does only behind a flag. */
async function instantiate(): Promise<void> {
  // Where the engine leaves the reason of a panic; without it the panic itself would fail, unreadably.
  const host = globalThis as { PRISMA_WASM_PANIC_REGISTRY?: { set_message(message: string): void } };
  host.PRISMA_WASM_PANIC_REGISTRY ??= {
    set_message: (message) => {
      panic = message;
    },
  };
  const folder = dirname(
    createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg'),
  );
  const { instance } = await WebAssembly.instantiate(await readFile(join(folder, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': { ...bindings, ...unreffedTimers() },
  });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
}

/**
 * The engine bounds its wait for a lock by a timer of 10 s, and does not clear it: a process that has
 * migrated would end that much later. A timer that is not referenced keeps nothing alive.
 */
function unreffedTimers(): Record<string, (...args: never[]) => unknown> {
  const timers = Object.entries(bindings as unknown as Record<string, (...args: never[]) => unknown>).filter(
    ([name]) => name.startsWith('__wbg_setTimeout_'),
  );
  return Object.fromEntries(
    timers.map(([name, original]) => [
      name,
      (...args: never[]) => {
        const timer = original(...args);
        (timer as NodeJS.Timeout).unref?.();
        return timer;
      },
    ]),
  );
}

/**
 * What went wrong, in one line where possible: the migration's name, which the engine has only in its
 * trace, and PostgreSQL's own words (`scriptError`), which it replaces by less. After a panic, its reason.
 */
export function engineMessage(error: unknown, scriptError?: string): string {
  if (panic !== undefined) return `Prisma's schema engine panicked: ${panic}`;
  const trace = error instanceof Error ? error.message : String(error);
  const migration = /with migration_name="([^"]+)"/.exec(trace)?.[1];
  if (scriptError !== undefined) return `${migration ?? 'a migration'} failed: ${scriptError}`;
  const text = error instanceof Error ? error.message : String(error);
  return (text.split(/\n\s*0: /)[0] ?? text).trim();
}
