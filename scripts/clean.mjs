/**
 * `npm run clean`: removes what building and testing made. `--data` also removes the data folder
 * (`$SUBLEDGER_HOME`, `.subledger`) with its PostgreSQL and Kafka; stop them first.
 */
import { existsSync, globSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const MADE = [
  '{packages,services}/*/dist',
  '{packages,services}/*/.turbo',
  'services/*/src/generated',
  'test/dist',
  'test/.turbo',
  '.turbo',
  'coverage',
  'reports',
  '.stryker-tmp',
  'node_modules/.cache/turbo',
];

const targets = MADE.flatMap((pattern) => globSync(pattern, { cwd: root })).map((path) => join(root, path));
if (process.argv.includes('--data')) targets.push(dataFolder());
for (const path of targets.filter((target) => existsSync(target))) {
  rmSync(path, { recursive: true, force: true });
  console.log(`removed ${relative(root, path) || path}`);
}

function dataFolder() {
  const { SUBLEDGER_HOME } = process.env;
  const home = SUBLEDGER_HOME || join(root, '.subledger');
  if (existsSync(join(home, 'lock'))) {
    console.error(
      `${home} is in use, or was when its processes were killed: stop it, or remove its file "lock".`,
    );
    process.exit(1);
  }
  return home;
}
