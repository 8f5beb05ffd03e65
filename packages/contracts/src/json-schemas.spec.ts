import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { COMMANDS } from './commands.js';
import { EVENTS } from './events.js';
import { jsonSchemas } from './json-schemas.js';
import { MESSAGES } from './messages.js';

const folder = join(import.meta.dirname, '..', 'schemas');
const generated = jsonSchemas();
const committed = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.json'),
);

describe('JSON Schemas', () => {
  it('are committed for every command, event, fact, limit record and profile, and nothing else', () => {
    expect(committed.sort()).toEqual([...generated.keys()].sort());
    expect(generated.size).toBe(COMMANDS.size + EVENTS.size + MESSAGES.size + 2);
  });

  it.each([...generated.keys()])('%s is committed as generated (else: npm run check)', (path) => {
    expect(readFileSync(join(folder, path), 'utf8')).toBe(
      `${JSON.stringify(generated.get(path), null, 2)}\n`,
    );
  });

  it.each([...generated])('%s allows future fields', (_path, schema) => {
    expect(JSON.stringify(schema)).not.toContain('"additionalProperties":false');
  });
});
