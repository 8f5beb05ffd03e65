import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '@subledger/service-kit/installed-services';

const root = ROOT;

/** Whatever is started by `node`, as it is built. */
const ENTRY_POINTS = [
  'packages/database/dist/cli.js',
  'packages/devstack/dist/cli.js',
  'packages/setup/dist/cli.js',
  'services/gateway/dist/api/generate-openapi.js',
  'services/gateway/dist/main.js',
  'services/gateway/dist/operator/cli.js',
  'services/ledger/dist/main.js',
  'services/ledger/dist/operator/cli.js',
  'services/scheduler/dist/job.js',
  'services/scheduler/dist/main.js',
  'test/dist/bench/cli.js',
  'test/dist/fuzz/cli.js',
  'test/dist/simulation/cli.js',
];

const sourceOf = (built: string): string =>
  built
    .replace(built.startsWith('test/') ? 'dist/' : '/dist/', built.startsWith('test/') ? '' : '/src/')
    .replace(/js$/, 'ts');

/** Runs before the program and makes it believe that its Node is an old one. */
const OLD_NODE = `data:text/javascript,Object.defineProperty(process,'version',{value:'v20.20.2'})`;

async function namedIn(pattern: string): Promise<string[]> {
  const files = globSync(pattern, { cwd: root, exclude: (path) => /node_modules|dist$/.test(path) });
  const named = await Promise.all(
    files.map(async (file) => {
      const folder = /^(?:packages|services)\/[^/]+\/package\.json$/.test(file)
        ? file.replace('package.json', '')
        : '';
      const text = await readFile(join(root, file), 'utf8');
      return [...text.matchAll(/\bnode ((?:[\w-]+\/)*dist\/[\w/-]+\.js)/g)].map(([, path]) => folder + path);
    }),
  );
  return named.flat();
}

test('the list has every program that a script, a page or the image names, and every file of such a name', async () => {
  const named = [
    ...(await namedIn('{.,packages/*,services/*,test}/package.json')),
    ...(await namedIn('{.,docs,docs/operations}/*.md')),
    ...(await namedIn('deploy/docker/Dockerfile')),
    ...globSync('{packages,services}/*/src/{,operator/}{main,cli,job}.ts', { cwd: root }).map((path) =>
      path.replace('/src/', '/dist/').replace(/ts$/, 'js'),
    ),
    ...globSync('test/*/cli.ts', { cwd: root }).map((path) =>
      path.replace('test/', 'test/dist/').replace(/ts$/, 'js'),
    ),
  ];
  expect(new Set(named).size).toBeGreaterThan(8);
  expect(new Set([...named, ...ENTRY_POINTS])).toEqual(new Set(ENTRY_POINTS));
});

describe.each(ENTRY_POINTS)('%s', (entry) => {
  test('checks first, and loads the rest afterwards', async () => {
    const source = await readFile(join(root, sourceOf(entry)), 'utf8');
    const imports = [...source.matchAll(/^import .*$/gm)].map(([line]) => line);
    expect(imports).toEqual(["import '@subledger/service-kit/require-node';"]);
  });

  test('prints instructions on an old Node, and does nothing', async () => {
    const run = promisify(execFile)(process.execPath, ['--import', OLD_NODE, entry], {
      cwd: root,
      timeout: 20_000,
    });
    await expect(run).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining(`node_modules/.bin/node ${entry}`),
    });
  });
});
