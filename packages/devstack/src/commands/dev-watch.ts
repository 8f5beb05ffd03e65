import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, SERVICES, type ServiceName } from '@subledger/service-kit/installed-services';

/** Packages whose code runs inside the services. */
const SHARED = ['contracts', 'core', 'database', 'kafka', 'service-kit'];
/** A build writes many files. The restart waits until no file has changed for this time. */
const QUIET_MS = 400;

/**
 * Calls `onChange` with the services whose built code is another than before: those whose own `dist` changed, or all
 * of them when a shared package's did. Compared by content, as a build writes files that are the same, too.
 */
export async function watchBuilt(
  onChange: (services: readonly ServiceName[]) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const folders = new Map<string, readonly ServiceName[]>([
    ...SERVICES.map((name) => [join(ROOT, 'services', name, 'dist'), [name]] as const),
    ...SHARED.map((name) => [join(ROOT, 'packages', name, 'dist'), SERVICES] as const),
  ]);
  const prints = new Map<string, string>();
  for (const folder of folders.keys()) prints.set(folder, await fingerprint(folder));

  let timer: NodeJS.Timeout | undefined;
  let checking = Promise.resolve();
  const check = async (): Promise<void> => {
    const changed = new Set<ServiceName>();
    for (const [folder, services] of folders) {
      const print = await fingerprint(folder);
      if (print === prints.get(folder)) continue;
      prints.set(folder, print);
      for (const service of services) changed.add(service);
    }
    if (changed.size > 0 && !signal.aborted) await onChange([...changed]);
  };
  const watchers: FSWatcher[] = [...folders.keys()].map((folder) =>
    watch(folder, { recursive: true }, () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        checking = checking.then(check);
      }, QUIET_MS);
    }),
  );
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  clearTimeout(timer);
  for (const watcher of watchers) watcher.close();
  await checking;
}

async function fingerprint(folder: string): Promise<string> {
  const hash = createHash('sha1');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of files) {
    // It was deleted between listing and reading. The next event checks again.
    const content = await readFile(file).catch(() => '');
    hash.update(file).update(content);
  }
  return hash.digest('hex');
}
