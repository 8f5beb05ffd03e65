/** Writes the JSON Schemas of the contracts to `schemas/`; `npm run check` fails where they are not committed. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { jsonSchemas } from '../dist/json-schemas.js';

const folder = join(import.meta.dirname, '..', 'schemas');
await rm(folder, { recursive: true, force: true });
for (const [path, schema] of jsonSchemas()) {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), `${JSON.stringify(schema, null, 2)}\n`);
}
