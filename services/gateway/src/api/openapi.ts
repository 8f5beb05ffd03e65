import { ROUTE_IDS, ROUTES, type RouteDefinition, TAG_NAMES, TAGS } from '@subledger/contracts';
import { createDocument, type oas31, type ZodOpenApiPathsObject } from 'zod-openapi';
import { SessionCookie } from '../access/session-cookie.js';
import { ANSWER_HEADERS, problemExamples } from './openapi-answers.js';
import { withExamples } from './openapi-examples.js';
import { operationOf } from './openapi-operation.js';
import { withSamples } from './openapi-samples.js';
import { webhookDocs } from './openapi-webhooks.js';

/** Introduction for every caller, in Markdown. */
const INTRODUCTION = `Amounts are decimal strings of points, with at most 3 decimals. Instants are ISO 8601. Every GET takes HEAD, too.

**Who may ask.** \`x-roles\` names who may ask, \`x-scope\` what a main account’s key needs. Send a key in
\`Authorization: Bearer …\`, or log in with \`POST /v1/session\`: then send the cookie, and for whatever is not a GET
\`X-CSRF-Token\`.

**Repeats.** Send a new \`Idempotency-Key\` with each write, and the same one again when you repeat it, for example after a
time-out. A repeat with the same key and body gets the first answer, with \`Idempotent-Replayed: true\`, and changes
nothing. The same key with another body is refused (\`idempotency-conflict\`).

**Slow writes.** A write that takes longer than usual answers 202 with the Location of its operation. Read the operation
until it is done.

**Errors** are problems (RFC 9457): programs decide by \`code\`. Each has [a page](/docs/errors) that says what happened,
whether anything is lost, and what to do.

**Pages.** A list answers \`items\` and \`nextCursor\`. Send the latter as \`cursor\` to get the next page; null means that
there is none. Follow cursors, and do not make them up.

**Limits.** Whoever asks too often gets 429 with Retry-After; RateLimit and RateLimit-Policy tell how much is left.

**Webhooks** tell your program what happened. Their events are described below, under Webhooks; how they are signed and
repeated is in [the guide](/docs/guides/webhooks). The SMS sending service uses [topics of Kafka](/docs/events).`;

/**
 * The OpenAPI 3.1 document of the route table (https://spec.openapis.org/oas/v3.1.0). Deterministic: it is committed
 * and compared.
 *
 *
 * @param publicUrl of the gateway that serves it; without HTTPS its cookie has another name
 * @throws Error with a field whose schema has no example
 */
export function openApiDocument(publicUrl = 'https://points.example'): oas31.OpenAPIObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const id of ROUTE_IDS) {
    const route: RouteDefinition = ROUTES[id];
    const method = route.method.toLowerCase() as Lowercase<RouteDefinition['method']>;
    paths[route.path] = { ...paths[route.path], [method]: operationOf(id, route) };
  }
  const used: ReadonlySet<string> = new Set(ROUTE_IDS.map((id) => ROUTES[id].tag));
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Subledger',
      version: '1.0.0',
      description: INTRODUCTION,
      contact: { name: 'Help desk of the SMS provider' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: TAG_NAMES.filter((name) => used.has(name)).map((name) => ({ name, description: TAGS[name] })),
    paths,
    webhooks: webhookDocs(),
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
  return withSamples(withExamples(document));
}
