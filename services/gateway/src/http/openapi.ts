import {
  ERRORS,
  type ErrorCode,
  EVENT_STREAM_MEDIA_TYPE,
  foreignId,
  lastEventId,
  operationView,
  PROBLEM_MEDIA_TYPE,
  problem,
  ROUTE_IDS,
  ROUTES,
  type RouteDefinition,
} from '@subledger/contracts';
import { z } from 'zod';
import {
  createDocument,
  type oas31,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';

/** The OpenAPI 3.1 document of the route table. Deterministic: it is committed and compared. */
export function openApiDocument(): oas31.OpenAPIObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const id of ROUTE_IDS) {
    const route: RouteDefinition = ROUTES[id];
    const method = route.method.toLowerCase() as Lowercase<RouteDefinition['method']>;
    paths[route.path] = { ...paths[route.path], [method]: operationOf(id, route) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Subledger',
      version: '1.0.0',
      description:
        'Amounts are decimal strings of points. Errors are problems (RFC 9457). A write that takes longer than usual ' +
        'answers 202 with the Location of its operation.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { session: [], csrfToken: [] }],
    tags: [...new Set(ROUTE_IDS.map((id) => ROUTES[id].tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: “Authorization: Bearer …”' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-subledger_session',
          description: 'Set by POST /v1/session; without HTTPS it is named subledger_session',
        },
        csrfToken: {
          type: 'apiKey',
          in: 'header',
          name: 'X-CSRF-Token',
          description: 'csrfToken of the session, needed for whatever is not a GET',
        },
      },
    },
  });
}

function operationOf(id: string, route: RouteDefinition): ZodOpenApiOperationObject {
  const scope = route.who.includes('main') ? ` A main account’s key needs the scope \`${route.scope}\`.` : '';
  return {
    operationId: id,
    ...(route.open ? { security: [] } : {}),
    tags: [route.tag],
    summary: route.summary,
    description: route.open ? 'Needs no credential.' : `For: ${route.who.join(', ')}.${scope}`,
    requestParams: {
      ...(route.params ? { path: route.params } : {}),
      ...(route.query ? { query: route.query } : {}),
      ...headerParams(route),
    },
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }
      : {}),
    responses: { ...goodAnswers(route), ...badAnswers(route) },
  };
}

const takesIdempotencyKey = ({ method, open, session }: RouteDefinition): boolean =>
  method !== 'GET' && !open && !session;

function headerParams(route: RouteDefinition): { header?: z.ZodObject } {
  const shape = {
    ...(takesIdempotencyKey(route)
      ? {
          'Idempotency-Key': foreignId.optional().meta({
            description: 'A repeat with the same key and body gets the same answer and changes nothing',
          }),
        }
      : {}),
    ...(route.ifMatch
      ? {
          'If-Match': z
            .string()
            .optional()
            .meta({ description: 'ETag of the settings that the change is based on' }),
        }
      : {}),
    ...(route.answer.mediaType === EVENT_STREAM_MEDIA_TYPE
      ? { 'Last-Event-ID': lastEventId.optional() }
      : {}),
  };
  return Object.keys(shape).length === 0 ? {} : { header: z.object(shape) };
}

function goodAnswers(route: RouteDefinition): ZodOpenApiResponsesObject {
  const { answer, command } = route;
  const text = z.string();
  const headers = {
    ...(answer.status === 201
      ? { Location: text.meta({ header: { description: 'Path of what was created' } }) }
      : {}),
    ...(answer.etag ? { ETag: text.meta({ header: { description: 'Stands for the settings' } }) } : {}),
    ...(takesIdempotencyKey(route)
      ? { 'Idempotent-Replayed': text.optional().meta({ header: { description: '“true” on a repeat' } }) }
      : {}),
  };
  return {
    [answer.status]: {
      description: answer.status === 201 ? 'Created' : answer.status === 204 ? 'Done' : 'OK',
      ...(Object.keys(headers).length > 0 ? { headers: z.object(headers) } : {}),
      ...(answer.schema
        ? { content: { [answer.mediaType ?? 'application/json']: { schema: answer.schema } } }
        : {}),
    },
    ...(command
      ? {
          202: {
            description: 'Accepted and safe, but the outcome is not there yet: read it at Location',
            headers: z.object({ Location: text.meta({ header: { description: 'Path of the operation' } }) }),
            content: { 'application/json': { schema: operationView } },
          },
        }
      : {}),
  };
}

function badAnswers(route: RouteDefinition): ZodOpenApiResponsesObject {
  const isWrite = route.method !== 'GET';
  const codes: ErrorCode[] = [
    'malformed-request',
    ...(route.open ? [] : (['unauthorized', 'forbidden'] as const)),
    ...(route.params ? (['not-found'] as const) : []),
    ...(route.ifMatch ? (['precondition-failed'] as const) : []),
    ...(isWrite ? (['payload-too-large', 'unsupported-media-type'] as const) : []),
    ...(takesIdempotencyKey(route) ? (['idempotency-conflict'] as const) : []),
    'validation-failed',
    ...(takesIdempotencyKey(route) && !route.command ? (['operation-in-progress'] as const) : []),
    ...(route.command && route.path.includes('{id}') ? (['main-account-not-found'] as const) : []),
    ...(route.path.includes('{sub}') && route.command ? (['sub-account-not-found'] as const) : []),
    ...(route.command ? (['invalid-command'] as const) : []),
    ...(route.conflicts ?? []),
    'internal-error',
    'service-unavailable',
  ];
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes)
    byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      String(status),
      {
        description: of.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('. '),
        content: { [PROBLEM_MEDIA_TYPE]: { schema: problem } },
      },
    ]),
  );
}
