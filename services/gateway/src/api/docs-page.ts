import { randomBytes } from 'node:crypto';
import { ERROR_CODES, ERROR_HELP, ERRORS, type ErrorCode, errorPagePath } from '@subledger/contracts';
import { docsIndex, guideHtml } from './docs-files.js';

export interface Page {
  readonly html: string;
  /** Its Content-Security-Policy. */
  readonly policy: string;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const COMMON = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Text only: no script, and one style sheet from this gateway. */
const TEXT_POLICY = `default-src 'none'; style-src 'self'; ${COMMON}`;

/**
 * Redoc makes style sheets and fonts (data: addresses) itself. A new nonce for each page allows its script and no
 * other. Everything is loaded from this gateway.
 */
const redocPolicy = (nonce: string): string =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src data:; connect-src 'self'; ${COMMON}`;

const assetPath = (name: string): string => `/docs/assets/${docsIndex().version}/${name}`;

function navigation(current: string): string {
  const links: [string, string][] = [
    ['/docs', 'API'],
    ['/docs/events', 'Events (Kafka)'],
    ...docsIndex().guides.map(({ name, title }): [string, string] => [`/docs/guides/${name}`, title]),
    ['/docs/errors', 'Errors'],
  ];
  const items = links.map(
    ([href, text]) =>
      `<a href="${href}"${href === current ? ' aria-current="page"' : ''}>${escapeHtml(text)}</a>`,
  );
  return `<nav class="bar" aria-label="Documentation">${items.join('')}</nav>`;
}

function frame(title: string, path: string, body: string, head = ''): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="${assetPath('docs.css')}">${head}</head><body>${navigation(path)}${body}</body></html>`;
}

const textPage = (title: string, path: string, body: string): Page => ({
  html: frame(title, path, `<main>${body}</main>`),
  policy: `${TEXT_POLICY}; img-src data:`,
});

/** Redoc with one of our documents. */
function redocPage(title: string, path: string, document: string): Page {
  const nonce = randomBytes(16).toString('base64url');
  const head = `<meta property="csp-nonce" nonce="${nonce}">`;
  const body = `<redoc data-document="${document}"></redoc><noscript><main><p>This page needs JavaScript; the document is at <a href="${document}">${document}</a>.</p></main></noscript>
<script type="module" nonce="${nonce}" src="${assetPath('show-redoc.js')}"></script>`;
  return { html: frame(title, path, body, head), policy: redocPolicy(nonce) };
}

export const apiPage = (): Page => redocPage('Subledger API', '/docs', '/openapi.json');
export const eventsPage = (): Page => redocPage('Subledger events', '/docs/events', '/asyncapi.json');

/** Undefined if there is no such guide. */
export function guidePage(name: string): Page | undefined {
  const guide = docsIndex().guides.find((one) => one.name === name);
  return guide && textPage(guide.title, `/docs/guides/${name}`, guideHtml(name));
}

export function errorsPage(): Page {
  const rows = ERROR_CODES.map(
    (code) =>
      `<tr><td><a href="${errorPagePath(code)}"><code>${code}</code></a></td><td>${ERRORS[code].status}</td><td>${escapeHtml(ERRORS[code].title)}</td></tr>`,
  );
  return textPage(
    'Errors',
    '/docs/errors',
    `<h1>Errors</h1><p>An error is a problem as in RFC 9457, of the type <code>application/problem+json</code>. Programs decide by its <code>code</code>.</p>
<div class="wide"><table><thead><tr><th>Code</th><th>HTTP</th><th>Title</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`,
  );
}

/** The page at the address in a problem's `type`. */
export function errorPage(code: ErrorCode): Page {
  const { happened, lost, next } = ERROR_HELP[code];
  const { status, title } = ERRORS[code];
  return textPage(
    title,
    errorPagePath(code),
    `<h1>${escapeHtml(title)}</h1><p><code>${code}</code>, HTTP ${status}</p>
<dl><dt>What happened</dt><dd>${escapeHtml(happened)}</dd><dt>Is anything lost?</dt><dd>${escapeHtml(lost)}</dd>
<dt>What to do</dt><dd>${escapeHtml(next)}</dd></dl><p><a href="/docs/errors">All errors</a></p>`,
  );
}
