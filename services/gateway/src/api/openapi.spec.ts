import { describe, expect, test } from '@jest/globals';
import { COMMANDS, type CommandName, ROUTE_IDS, ROUTES, type RouteDefinition } from '@subledger/contracts';
import { COMMAND_REFUSALS, type RejectionCode } from '@subledger/contracts/vocabulary';
import { openApiDocument } from './openapi.js';
import { codesOf } from './openapi-answers.js';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked at as plain JSON
type Json = any;
const document: Json = JSON.parse(JSON.stringify(openApiDocument()));
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const operations: [string, Json][] = Object.entries<Json>(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method): [string, Json] => [
    `${method.toUpperCase()} ${path}`,
    item[method],
  ]),
);

const isText = (value: unknown): boolean => typeof value === 'string' && value.trim().length > 2;
const hasExample = ({ example, examples }: Json): boolean =>
  example !== undefined || (Array.isArray(examples) ? examples.length > 0 : examples !== undefined);

/** Where a description or an example is missing below a schema: names of properties, dotted. */
function gapsOf(schema: Json, where: string): string[] {
  const own = Object.entries<Json>(schema.properties ?? {}).flatMap(([name, part]) => [
    ...(isText(part.description) ? [] : [`${where}.${name} has no description`]),
    ...(hasExample(part) ? [] : [`${where}.${name} has no example`]),
    ...gapsOf(part, `${where}.${name}`),
  ]);
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [
    ...own,
    ...parts.flatMap((part: Json) => gapsOf(part, where)),
    ...(schema.items ? gapsOf(schema.items, `${where}[]`) : []),
  ];
}

describe('the OpenAPI document', () => {
  test.each(Object.entries<Json>(document.components.schemas))(
    'describes each field of %s, with an example',
    (name, schema) => expect(gapsOf(schema, name)).toEqual([]),
  );

  test.each(operations)('%s has a description and an example for all that goes in', (_name, operation) => {
    for (const parameter of operation.parameters ?? []) {
      expect([parameter.name, isText(parameter.description), hasExample(parameter)]).toEqual([
        parameter.name,
        true,
        true,
      ]);
    }
    for (const media of Object.values<Json>(operation.requestBody?.content ?? {}))
      expect([hasExample(media), gapsOf(media.schema, 'body')]).toEqual([true, []]);
  });

  test.each(operations)('%s has them for all that comes out', (_name, { responses }) => {
    for (const [status, response] of Object.entries<Json>(responses)) {
      expect([status, isText(response.description)]).toEqual([status, true]);
      for (const media of Object.values<Json>(response.content ?? {}))
        expect([status, hasExample(media), gapsOf(media.schema, 'answer')]).toEqual([status, true, []]);
      for (const { $ref } of Object.values<Json>(response.headers ?? {})) {
        const header = document.components.headers[$ref.split('/').at(-1)];
        expect([$ref, isText(header.description), hasExample(header)]).toEqual([$ref, true, true]);
      }
    }
  });

  test.each(ROUTE_IDS)('%s names each of its errors, with an example of the code', (id) => {
    const route: RouteDefinition = ROUTES[id];
    const { responses } = operations.find(([, { operationId }]) => operationId === id)?.[1] ?? {};
    const named = Object.entries<Json>(responses)
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([status, { content }]) =>
        Object.entries<Json>(content['application/problem+json'].examples).map(([code, { $ref }]) => {
          const { value } = document.components.examples[$ref.split('/').at(-1)];
          expect([value.code, String(value.status)]).toEqual([code, status]);
          return code;
        }),
      );
    expect(named.sort()).toEqual([...codesOf(route)].sort());
  });

  test('has the callers: each operation has its roles and its scope, or is open', () => {
    for (const [name, operation] of operations) {
      const isOpen = operation.security.length === 0;
      expect([name, operation['x-roles']?.length > 0, isText(operation['x-scope'])]).toEqual([
        name,
        !isOpen,
        !isOpen,
      ]);
      for (const requirement of operation.security)
        for (const scheme of Object.keys(requirement))
          expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
    }
  });

  test('gives each operation its own id, and describes each tag', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ROUTE_IDS.length);
    const tags = new Map(document.tags.map(({ name, description }: Json) => [name, description]));
    for (const [, operation] of operations)
      for (const tag of operation.tags) expect([tag, isText(tags.get(tag))]).toEqual([tag, true]);
  });
});

/** The commands that a request may send. */
const SENDS: Partial<Record<keyof typeof ROUTES, readonly CommandName[]>> = {
  placeHold: ['hold.place'],
  releaseHold: ['hold.release'],
  createMainAccount: ['main-account.open'],
  patchMainAccount: ['main-account.configure'],
  suspendMainAccount: ['main-account.suspend'],
  resumeMainAccount: ['main-account.resume'],
  decideActivation: ['feature.activate'],
  deactivateFeature: ['feature.deactivate'],
  createPurchase: ['points.purchase'],
  createAdjustment: ['points.adjust'],
  switchPlan: ['plan.switch'],
  createSubAccount: ['sub-account.open'],
  patchSubAccount: ['sub-account.configure', 'limit.change'],
  deleteSubAccount: ['sub-account.delete'],
  boostSubAccount: ['limit.boost'],
  pauseSubAccount: ['sub-account.pause'],
  resumeSubAccount: ['sub-account.resume'],
  deactivateSubAccount: ['sub-account.deactivate'],
  reactivateSubAccount: ['sub-account.reactivate'],
};
/** What cannot happen: the gateway makes the id. */
const IMPOSSIBLE: Partial<Record<CommandName, RejectionCode>> = { 'sub-account.open': 'already-exists' };

describe('the refusals of the ledger', () => {
  test('are listed at every route that sends the command', () => {
    const missing = Object.entries(SENDS).flatMap(([id, names]) => {
      const listed = codesOf(ROUTES[id as keyof typeof ROUTES]);
      return names.flatMap((name) =>
        COMMAND_REFUSALS[name]
          .filter((code) => code !== IMPOSSIBLE[name] && !listed.has(code))
          .map((code) => `${id}: ${code}`),
      );
    });
    expect(missing).toEqual([]);
  });

  test('are those of every command that a request can send', () => {
    const routes = ROUTE_IDS.filter((id) => (ROUTES[id] as RouteDefinition).command);
    expect(Object.keys(SENDS).sort()).toEqual([...routes].sort());
    const unsent: CommandName[] = ['period.roll', 'snapshot.request'];
    const sent = [...new Set(Object.values(SENDS).flat()), ...unsent].sort();
    expect(sent).toEqual([...COMMANDS.values()].map(({ name }) => name).sort());
  });
});
