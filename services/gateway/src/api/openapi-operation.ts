import {
  EVENT_STREAM_MEDIA_TYPE,
  foreignId,
  lastEventId,
  type RouteDefinition,
  type Who,
} from '@subledger/contracts';
import { z } from 'zod';
import type { oas31, ZodOpenApiOperationObject } from 'zod-openapi';
import { badAnswers, goodAnswers, takesIdempotencyKey } from './openapi-answers.js';

/** One row of the route table as an operation of the document. */
export function operationOf(id: string, route: RouteDefinition): ZodOpenApiOperationObject {
  return {
    operationId: id,
    tags: [route.tag],
    summary: route.summary,
    description: descriptionOf(route),
    security: securityOf(route),
    ...(route.open ? {} : { 'x-roles': [...route.who], 'x-scope': route.scope }),
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

function descriptionOf(route: RouteDefinition): string {
  if (route.open) return 'Needs no credential.';
  const scope = route.who.includes('main') ? ` A main account’s key needs the scope \`${route.scope}\`.` : '';
  const session = route.session ? ' By a session only.' : '';
  return `For: ${route.who.join(', ')}.${route.session ? session : scope}`;
}

const HAVE_KEYS: readonly Who[] = ['operator', 'main', 'upstream'];
const HAVE_SESSIONS: readonly Who[] = ['operator', 'main', 'sub'];

/**
 * Security of a route: a key, or a session cookie together with its token for all methods except GET, depending on
 * the callers.
 */
function securityOf({ open, session, who, method }: RouteDefinition): oas31.SecurityRequirementObject[] {
  if (open) return [];
  const byKey = !session && who.some((one) => HAVE_KEYS.includes(one));
  const bySession = who.some((one) => HAVE_SESSIONS.includes(one));
  return [
    ...(byKey ? [{ apiKey: [] }] : []),
    ...(bySession ? [method === 'GET' ? { session: [] } : { session: [], csrfToken: [] }] : []),
  ];
}

function headerParams(route: RouteDefinition): { header?: z.ZodObject } {
  const shape = {
    ...(takesIdempotencyKey(route)
      ? {
          'Idempotency-Key': foreignId.optional().meta({
            description: 'A repeat with the same key and body gets the same answer and changes nothing',
            examples: ['0b6f5a4e-purchase-118'],
          }),
        }
      : {}),
    ...(route.ifMatch
      ? {
          'If-Match': z
            .string()
            .optional()
            .meta({ description: 'ETag of the settings that the change is based on', examples: ['"3"'] }),
        }
      : {}),
    ...(route.answer.mediaType === EVENT_STREAM_MEDIA_TYPE
      ? { 'Last-Event-ID': lastEventId.optional() }
      : {}),
  };
  return Object.keys(shape).length === 0 ? {} : { header: z.object(shape) };
}
