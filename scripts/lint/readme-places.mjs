/**
 * `npm run check`: the table of the README that says where to find what. Each file or folder of an answer exists, and
 * exports the name before it (`name` in `file`).
 */
import { existsSync, readFileSync, statSync } from 'node:fs';

const README = 'README.md';
const HEAD = '| question | file |';
const lines = readFileSync(README, 'utf8').split('\n');
const first = lines.indexOf(HEAD) + 2;
const rows = lines.slice(first, lines.indexOf('', first));
const problems = rows.flatMap((row) => {
  const answer = row.split('|')[2] ?? '';
  const places = [...answer.matchAll(/(?:`(\w+)` in )?`([\w./-]+\/[\w./-]*)`/g)];
  if (places.length === 0) return [`${row}: names no file`];
  return places.flatMap(([, name, path]) => problemOf(path, name));
});
if (!lines.includes(HEAD)) problems.push(`${README} has no table "${HEAD}"`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function problemOf(path, name) {
  if (!existsSync(path)) return [`${README}: there is no ${path}`];
  if (name === undefined) return [];
  if (statSync(path).isDirectory()) return [`${README}: ${path} is a folder, ${name} is in one of its files`];
  // A function, an exported constant, a method or a field of an exported object.
  const isThere = new RegExp(`(?:^export .*|^(?:async )?function |^ {2}(?:async )?)\\b${name}\\b`, 'm').test(
    readFileSync(path, 'utf8'),
  );
  return isThere ? [] : [`${README}: ${path} has no ${name}`];
}
