import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { MigrationAdapterFactory } from './migration-adapter.js';

export type SchemaEngine = bindings.SchemaEngine;

/** The used part of the global. Its types belong to the browser's library, which this project does not include. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Record<string, object>,
  ): Promise<{ readonly instance: { readonly exports: Record<string, unknown> } }>;
};

let panic: string | undefined;
let loading: Promise<void> | undefined;

/**
 * Prisma's schema engine as WebAssembly. The binary of `prisma migrate` is downloaded from Prisma's server, but this
 * comes with npm. Both use the same `_prisma_migrations` table, so they are interchangeable.
 */
export async function openSchemaEngine(
  adapter: MigrationAdapterFactory,
  schemaFile: { readonly path: string; readonly content: string },
): Promise<SchemaEngine> {
  loading ??= instantiate();
  await loading;
  // The engine logs each statement as a JSON line. Its errors contain the failed one.
  const ignoreLog = (): void => {};
  return bindings.SchemaEngine.new(
    { datamodels: [[schemaFile.path, schemaFile.content]] },
    ignoreLog,
    bindMigrationAwareSqlAdapterFactory(adapter),
  );
}

/** The package's own entry imports the `.wasm` as a module, which Node supports only behind a flag. */
async function instantiate(): Promise<void> {
  // The engine writes the reason of a panic here. Without it the panic itself would fail with an unreadable error.
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
 * The engine limits its wait for a lock by a timer of 10 s and does not clear it, so a process that has migrated
 * would end that much later. An unreferenced timer does not keep the process alive.
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
 * The cause of a failure, in one line if possible: the migration's name, which the engine has only in its trace, and
 * PostgreSQL's own message (`scriptError`), which the engine shortens. After a panic, its reason.
 */
export function engineMessage(error: unknown, scriptError?: string): string {
  if (panic !== undefined) return `Prisma's schema engine panicked: ${panic}`;
  const trace = error instanceof Error ? error.message : String(error);
  const migration = /with migration_name="([^"]+)"/.exec(trace)?.[1];
  if (scriptError !== undefined) return `${migration ?? 'a migration'} failed: ${scriptError}`;
  const text = error instanceof Error ? error.message : String(error);
  return (text.split(/\n\s*0: /)[0] ?? text).trim();
}
