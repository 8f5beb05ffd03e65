/**
 * `npm run check`: what other packages and programs may call says in its docstring which errors it throws (`@throws`).
 * Reads each exported function and class of the packages below, and finds the `throw` statements of its own body and
 * of the functions of its file that it calls. A throw that its own `try` catches counts as well: say so, or throw later.
 */
import { globSync, readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';

const PACKAGES = ['contracts', 'core', 'kafka', 'upstream'];
const NOT_FOR_OTHERS = /\.(spec|fixture)\.ts$|\/testing\//;

const missing = PACKAGES.flatMap((name) => globSync(`packages/${name}/src/**/*.ts`))
  .filter((file) => !NOT_FOR_OTHERS.test(file))
  .sort()
  .flatMap(undocumentedThrows);
for (const line of missing) console.error(`${line} throws: add @throws to its docstring`);
process.exitCode = missing.length > 0 ? 1 : 0;

function undocumentedThrows(file) {
  const source = readFileSync(file, 'utf8');
  const { program, comments } = parseSync(file, source);
  const local = new Map();
  const exported = [];
  for (const statement of program.body) {
    const isExported = statement.type === 'ExportNamedDeclaration';
    const declaration = isExported ? statement.declaration : statement;
    for (const [name, code] of functionsOf(declaration)) {
      local.set(name, code);
      if (isExported) exported.push({ name, code, start: statement.start });
    }
    if (isExported && declaration?.type === 'ClassDeclaration') exported.push(...methodsOf(declaration));
  }
  return exported
    .filter(({ code }) => throws(code, local, new Set()))
    .filter(({ start }) => !docBefore(start).includes('@throws'))
    .map(({ name, start }) => `${file}:${source.slice(0, start).split('\n').length} ${name}`);

  function docBefore(start) {
    const comment = comments.findLast(({ end }) => end <= start && source.slice(end, start).trim() === '');
    return comment?.value ?? '';
  }
}

function functionsOf(declaration) {
  if (declaration?.type === 'FunctionDeclaration') return [[declaration.id.name, declaration.body]];
  if (declaration?.type !== 'VariableDeclaration') return [];
  return declaration.declarations
    .filter(({ init }) => init?.type === 'ArrowFunctionExpression')
    .map(({ id, init }) => [id.name, init.body]);
}

/** Public methods. A private one counts for the method that calls it. */
function methodsOf({ id, body }) {
  return body.body
    .filter(({ type, key, accessibility }) => {
      const isPublic = key?.type !== 'PrivateIdentifier' && accessibility !== 'private';
      return type === 'MethodDefinition' && isPublic;
    })
    .map(({ key, value, start }) => ({
      name: `${id.name}.${key.name}`,
      code: value.body,
      start,
    }));
}

function throws(node, local, seen) {
  if (node === null || typeof node !== 'object') return false;
  if (Array.isArray(node)) return node.some((inner) => throws(inner, local, seen));
  if (node.type === 'ThrowStatement') return true;
  if (/Function/.test(node.type ?? '')) return false;
  const called = node.type === 'CallExpression' && local.get(node.callee.name);
  if (called && !seen.has(called) && throws(called, local, seen.add(called))) return true;
  return Object.values(node).some((inner) => throws(inner, local, seen));
}
