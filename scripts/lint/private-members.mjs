/**
 * `npm run check`: private members of classes are `#x` (docs/decisions/0036). The keyword `private` remains for what has
 * no other form: parameter properties and constructors.
 */
import { globSync, readFileSync } from 'node:fs';
import { parseSync, Visitor } from 'oxc-parser';

const IGNORED = /\/(node_modules|dist|generated)\//;

const found = globSync(['packages/**/*.ts', 'services/**/*.ts', 'test/**/*.ts'])
  .filter((file) => !IGNORED.test(file) && !file.endsWith('.d.ts'))
  .sort()
  .flatMap(privateMembers);
for (const line of found) console.error(`${line}: write #name instead of \`private name\``);
process.exitCode = found.length > 0 ? 1 : 0;

function privateMembers(file) {
  const source = readFileSync(file, 'utf8');
  if (!source.includes('private ')) return [];
  const places = [];
  const look = ({ accessibility, kind, key, start }) => {
    if (accessibility !== 'private' || kind === 'constructor') return;
    places.push(`${file}:${source.slice(0, start).split('\n').length} ${source.slice(key.start, key.end)}`);
  };
  const visitor = new Visitor({ PropertyDefinition: look, MethodDefinition: look, AccessorProperty: look });
  visitor.visit(parseSync(file, source).program);
  return places;
}
