import { createHash } from 'node:crypto';
import {
  ERROR_CODES,
  ERROR_HELP,
  ERRORS,
  type ErrorCode,
  errorPagePath,
  ROUTE_IDS,
  ROUTES,
  type RouteDefinition,
} from '@subledger/contracts';
import { z } from 'zod';

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f6f8;padding:.75rem;overflow:auto;border-radius:6px}
section{border-top:1px solid #dde3e9;padding:.5rem 0 1rem}.method{font-weight:700;color:#0a5bb5}dt{font-weight:600}
@media(prefers-color-scheme:dark){body{background:#12161c;color:#e2e8ef}pre{background:#1d242d}.method{color:#6db3ff}a{color:#6db3ff}}`;

/** These pages have no script at all, load nothing, and have one style, named by its hash. */
export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const frame = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>${body}</body></html>`;

/** Readable list of the route table, rendered here. */
export function docsPage(): string {
  const tags = [...new Set(ROUTE_IDS.map((id) => ROUTES[id].tag))];
  const menu = tags.map((tag) => `<li><a href="#${slug(tag)}">${escapeHtml(tag)}</a></li>`).join('');
  const parts = tags.map(
    (tag) =>
      `<h2 id="${slug(tag)}">${escapeHtml(tag)}</h2>${ROUTE_IDS.filter((id) => ROUTES[id].tag === tag)
        .map((id) => routeSection(id, ROUTES[id]))
        .join('')}`,
  );
  const errors = ERROR_CODES.map(
    (code) =>
      `<li><a href="${errorPagePath(code)}"><code>${code}</code></a> (${ERRORS[code].status}): ${escapeHtml(ERRORS[code].title)}</li>`,
  ).join('');
  return frame(
    'Subledger API',
    `<h1>Subledger API</h1><p>Send a key in <code>Authorization: Bearer …</code>, or log in with <code>POST /v1/session</code>. Amounts are decimal strings of points.
Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p><nav><ul>${menu}<li><a href="#errors">Errors</a></li></ul></nav>
${parts.join('')}<h2 id="errors">Errors</h2><ul>${errors}</ul>`,
  );
}

function routeSection(id: string, route: RouteDefinition): string {
  const body = route.body ? `<h4>Body</h4>${schemaBlock(route.body, 'input')}` : '';
  const query = route.query ? `<h4>Query</h4>${schemaBlock(route.query, 'input')}` : '';
  const answer = route.answer.schema ? schemaBlock(route.answer.schema, 'output') : '';
  const conflicts = (route.conflicts ?? [])
    .map((code) => `<a href="${errorPagePath(code)}"><code>${code}</code></a>`)
    .join(', ');
  return `<section id="${id}"><h3><span class="method">${route.method}</span> <code>${escapeHtml(route.path)}</code></h3>
<p>${escapeHtml(route.summary)}. For: ${route.who.join(', ')}.</p>${query}${body}<h4>Answer ${route.answer.status}</h4>${answer}
${conflicts === '' ? '' : `<p>Refused with ${conflicts}.</p>`}</section>`;
}

function schemaBlock(schema: z.ZodType, io: 'input' | 'output'): string {
  const json = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  const { properties = {}, required = [] } = json;
  const lines = Object.entries(properties).map(([name, field]) => {
    const { type, enum: values, description, $ref } = field as Record<string, unknown>;
    const kind = values
      ? (values as string[]).join(' | ')
      : String(type ?? $ref ?? 'value').replace('#/$defs/', '');
    const mark = required.includes(name) ? '' : '?';
    return escapeHtml(`${name}${mark}: ${kind}${description ? `  // ${description}` : ''}`);
  });
  return `<pre>${lines.join('\n')}</pre>`;
}

const slug = (tag: string): string => tag.toLowerCase().replace(/[^a-z]+/g, '-');

/** The page that the `type` of a problem leads to. */
export function errorPage(code: ErrorCode): string {
  const { happened, lost, next } = ERROR_HELP[code];
  const { status, title } = ERRORS[code];
  return frame(
    title,
    `<p><a href="/docs">Subledger API</a></p><h1>${escapeHtml(title)}</h1><p><code>${code}</code>, HTTP ${status}</p>
<dl><dt>What happened</dt><dd>${escapeHtml(happened)}</dd><dt>Is anything lost?</dt><dd>${escapeHtml(lost)}</dd>
<dt>What to do</dt><dd>${escapeHtml(next)}</dd></dl>`,
  );
}
