/**
 * Writes the JSON Schemas of the contracts to `schemas/` and the AsyncAPI document to `asyncapi.json`; `npm run check`
 * fails where they are not committed.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asyncApiDocument } from '../dist/asyncapi/document.js';
import { jsonSchemas } from '../dist/json-schemas.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'schemas');
const textOf = (document) => `${JSON.stringify(document, null, 2)}\n`;

await rm(folder, { recursive: true, force: true });
for (const [path, schema] of jsonSchemas()) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), textOf(schema));
}
const events = JSON.parse(await readFile(join(root, 'examples/points.events.v1.json'), 'utf8'));
await writeFile(join(root, 'asyncapi.json'), textOf(asyncApiDocument(events)));
