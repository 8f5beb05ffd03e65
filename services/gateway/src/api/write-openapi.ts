import { writeFile } from 'node:fs/promises';
import { openApiDocument } from './openapi.js';

/** Writes the committed document. A test fails while it differs from the route table. */
await writeFile(
  new URL('../../openapi.json', import.meta.url),
  `${JSON.stringify(openApiDocument(), null, 2)}\n`,
);
