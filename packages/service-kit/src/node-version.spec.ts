import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { MIN_NODE_MAJOR, oldNodeMessage } from './node-version.js';

const messageOn = (version: string): string | undefined =>
  oldNodeMessage(version, '/app/test/dist/simulation/cli.js', ['--seed', '7'], '/app');

test.each(['v24.0.0', 'v24.21.0', 'v25.1.0', 'v100.0.0'])('%s is new enough', (version) => {
  expect(messageOn(version)).toBeUndefined();
});

test.each(['v20.20.2', 'v22.12.0', 'v23.11.1', 'v4.0.0'])(
  '%s is too old, and the message has the remedy',
  (version) => {
    expect(messageOn(version)).toMatch(
      /needs Node 24 .*this is Node \d+\.\d+\.\d+\.[\s\S]*npm ci[\s\S]*node_modules\/\.bin\/node test\/dist\/simulation\/cli\.js --seed 7$/,
    );
  },
);

test('the version is the one that npm ci installs', async () => {
  const { devDependencies } = JSON.parse(
    await readFile(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  expect(devDependencies.node).toMatch(new RegExp(`^\\^${MIN_NODE_MAJOR}\\.`));
});
