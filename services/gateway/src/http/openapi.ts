import { ROUTE_IDS, ROUTES, type RouteDefinition, TAG_NAMES, TAGS } from '@subledger/contracts';
import { createDocument, type oas31, type ZodOpenApiPathsObject } from 'zod-openapi';
import { SessionCookie } from '../access/session-cookie.js';
import { ANSWER_HEADERS, problemExamples } from './openapi-answers.js';
import { withExamples } from './openapi-examples.js';
import { operationOf } from './openapi-operation.js';

/**
 * The OpenAPI 3.1 document of the route table. Deterministic: it is committed and compared.
 *
 * @param publicUrl of the gateway that serves it: without HTTPS its cookie has another name
 * @throws Error naming a field whose schema has no example
 */
export function openApiDocument(publicUrl = 'https://points.example'): oas31.OpenAPIObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const id of ROUTE_IDS) {
    const route: RouteDefinition = ROUTES[id];
    const method = route.method.toLowerCase() as Lowercase<RouteDefinition['method']>;
    paths[route.path] = { ...paths[route.path], [method]: operationOf(id, route) };
  }
  const used = new Set(ROUTE_IDS.map((id) => ROUTES[id].tag));
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Subledger',
      version: '1.0.0',
      description:
        'Amounts are decimal strings of points, with at most 3 decimals. Instants are ISO 8601. Errors are problems ' +
        '(RFC 9457): programs decide by `code`. A write that takes longer than usual answers 202 with the Location of ' +
        'its operation. `x-roles` names who may ask, `x-scope` what a main account’s key needs. Whoever asks too often ' +
        'gets 429 with Retry-After; RateLimit and RateLimit-Policy tell how much is left. Every GET takes HEAD, too.',
      contact: { name: 'Help desk of the SMS provider' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: TAG_NAMES.filter((name) => used.has(name)).map((name) => ({ name, description: TAGS[name] })),
    paths,
    components: {
      headers: ANSWER_HEADERS,
      examples: problemExamples(Object.values(ROUTES)),
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: “Authorization: Bearer …”' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: new SessionCookie(publicUrl).name,
          description: 'Set by POST /v1/session. Its name begins with __Host- over HTTPS alone',
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
  return withExamples(document);
}
