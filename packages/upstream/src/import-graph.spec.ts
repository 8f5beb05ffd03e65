import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

/** What the SDK may load beside Node's own modules. All of it is small, and none of it a framework or a database. */
const ALLOWED = ['@opentelemetry/api', 'kafkajs', 'libphonenumber-js', 'temporal-polyfill', 'zod'];

const here = import.meta.dirname;
const packagesFolder = join(here, '..', '..');
const IMPORTS =
  /^(?:import|export)\s(?!type\b)[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

const jsonOf = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

/** The source of an entry of one of our packages. */
function sourceOf(specifier: string): string {
  const [, name = '', ...path] = specifier.split('/');
  const folder = join(packagesFolder, name);
  const entry = path.length === 0 ? '.' : `./${path.join('/')}`;
  return join(folder, jsonOf(join(folder, 'package.json')).exports[entry]['subledger:source']);
}

/** Every package that is loaded with a source file, and with what it loads. */
function loadedPackages(entry: string): Set<string> {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, from, bare, dynamic] of readFileSync(file, 'utf8').matchAll(IMPORTS)) {
      const specifier = (from ?? bare ?? dynamic) as string;
      if (specifier.startsWith('.')) waiting.push(join(dirname(file), specifier.replace(/\.js$/, '.ts')));
      else if (specifier.startsWith('@subledger/')) waiting.push(sourceOf(specifier));
      else if (!specifier.startsWith('node:'))
        packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  }
  expect(seen.size).toBeGreaterThan(50);
  return packages;
}

/** The packages that are installed with a package, its optional peers aside. */
function installedWith(packageFile: string, found = new Set<string>()): Set<string> {
  const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = jsonOf(packageFile);
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  for (const name of [...Object.keys(dependencies), ...peers]) {
    if (found.has(name)) continue;
    found.add(name);
    const paths = createRequire(packageFile).resolve.paths(name) ?? [];
    const folder = paths.map((path) => join(path, name, 'package.json')).find((path) => existsJson(path));
    if (folder) installedWith(folder, found);
  }
  return found;
}
const existsJson = (path: string) => {
  try {
    return Boolean(readFileSync(path));
  } catch {
    return false;
  }
};

describe('the SDK', () => {
  it('loads no framework and no database', () => {
    expect([...loadedPackages(join(here, 'index.ts'))].sort()).toEqual(ALLOWED);
  });

  it('installs none either', () => {
    const installed = [...installedWith(join(here, '..', 'package.json'))];
    expect(installed).toEqual(expect.arrayContaining(['@subledger/kafka', 'kafkajs']));
    expect(installed.filter((name) => /nestjs|prisma|^pg|rxjs|reflect-metadata/.test(name))).toEqual([]);
  });
});
