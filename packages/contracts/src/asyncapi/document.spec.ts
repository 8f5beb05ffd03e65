import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import specs from '@asyncapi/specs';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { z } from 'zod';
import { COMMANDS } from '../commands.js';
import { deadLetterDocument } from '../dead-letters.js';
import { EVENTS } from '../events.js';
import { limitRecord } from '../limits.js';
import { MESSAGES } from '../messages.js';
import { profileRecord } from '../profiles.js';
import { topicSettings } from '../topics.js';
import { asyncApiDocument } from './document.js';

interface Ref {
  readonly $ref: string;
}
interface Message {
  readonly payload: object;
  readonly headers: Ref;
  readonly summary: string;
  readonly description: string;
  readonly bindings: { readonly kafka: { readonly key: object } };
  readonly examples: readonly { readonly payload: unknown; readonly headers?: object }[];
}
interface Channel {
  readonly address: string;
  readonly messages: Readonly<Record<string, Ref>>;
  readonly bindings: { readonly kafka: { readonly partitions: number; readonly topicConfiguration: object } };
}
interface Operation {
  readonly action: 'send' | 'receive';
  readonly channel: Ref;
  readonly messages: readonly Ref[];
}
interface Document {
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: {
    readonly messages: Readonly<Record<string, Message>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
}

const root = join(import.meta.dirname, '..', '..');
const eventExamples = JSON.parse(readFileSync(join(root, 'examples/points.events.v1.json'), 'utf8'));
const document = asyncApiDocument(eventExamples) as Document;
const { channels, operations, components } = document;
const messages = Object.entries(components.messages);

const zodSchemas = new Map<string, z.ZodType>([
  ...[...COMMANDS, ...EVENTS, ...MESSAGES].map(([type, { schema }]) => [type, schema] as [string, z.ZodType]),
  ['limit-record', limitRecord],
  ['profile-record', profileRecord],
  ['dead-letter', deadLetterDocument],
]);
const TOMBSTONES = ['limit-tombstone', 'profile-tombstone'];

const addFormats = ajvFormats as unknown as (ajv: Ajv) => void;
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
const errorsOf = (schema: object, value: unknown) => {
  const validate = ajv.compile({ ...schema, components: { schemas: components.schemas } });
  return validate(value) ? null : validate.errors;
};

function resolve(pointer: string): unknown {
  return pointer
    .replace(/^#\//, '')
    .split('/')
    .reduce((at: unknown, part) => (at as Record<string, unknown> | undefined)?.[part], document);
}

describe('AsyncAPI document', () => {
  it('is committed as generated (else: npm run check)', () => {
    expect(readFileSync(join(root, 'asyncapi.json'), 'utf8')).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  it('fits the AsyncAPI 3.0 schema', () => {
    const spec = new Ajv({ strict: false, allErrors: true });
    addFormats(spec);
    const validate = spec.compile(specs.schemasWithoutId['3.0.0'] as object);
    expect(validate(document) ? null : validate.errors).toBeNull();
  });

  it('has no dangling reference and no unused schema', () => {
    const found = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    expect(found.filter((ref) => resolve(ref) === undefined)).toEqual([]);
    const used = new Set(found);
    const unused = Object.keys(components.schemas).filter(
      (name) => !used.has(`#/components/schemas/${name}`),
    );
    expect(unused).toEqual([]);
  });

  it('has every message of the contracts, in one channel each', () => {
    expect(messages.map(([name]) => name).sort()).toEqual([...zodSchemas.keys(), ...TOMBSTONES].sort());
    const inChannels = Object.values(channels).flatMap(({ messages: own }) => Object.keys(own));
    expect(inChannels.sort()).toEqual(messages.map(([name]) => name).sort());
  });

  it.each(topicSettings())('$name is a channel with its settings', ({ name, partitions, config }) => {
    const channel = Object.values(channels).find(({ address }) => address === name);
    expect(channel?.bindings.kafka.partitions).toBe(partitions);
    const told = Object.entries(channel?.bindings.kafka.topicConfiguration ?? {});
    expect(Object.fromEntries(told.map(([key, value]) => [key, String(value)]))).toEqual(config);
  });

  it('has a sender and a receiver of every message', () => {
    for (const action of ['send', 'receive'] as const) {
      const served = new Set(
        Object.values(operations)
          .filter((operation) => operation.action === action)
          .flatMap((operation) => operation.messages.map(({ $ref }) => $ref.split('/').at(-1))),
      );
      expect(messages.map(([name]) => name).filter((name) => !served.has(name))).toEqual([]);
    }
  });
});

describe.each(messages)(
  'message %s',
  (name, { payload, headers, examples, summary, description, bindings }) => {
    it('describes its purpose, writers, readers, key, order, duplicates and units', () => {
      expect(summary.length).toBeGreaterThan(10);
      for (const word of ['Written by', 'Read by', 'Key', 'Order', 'Duplicates', 'Units'])
        expect(description).toContain(`**${word}** `);
      expect(bindings.kafka.key).toBeDefined();
    });

    it('has examples that fit its schema', () => {
      expect(examples.length).toBeGreaterThan(0);
      for (const example of examples) {
        expect(errorsOf(payload, example.payload)).toBeNull();
        if (example.headers) expect(errorsOf(headers, example.headers)).toBeNull();
        if (TOMBSTONES.includes(name)) expect(example.payload).toBeNull();
        else expect(zodSchemas.get(name)?.safeParse(example.payload).error?.issues).toBeUndefined();
      }
    });

    it('has a schema that refuses something', () => {
      expect(errorsOf(payload, { no: 'such record' })).not.toBeNull();
    });
  },
);
