/**
 * Puts what the pages below `/docs` are made of into `dist/docs`: Redoc's bundle, the AsyncAPI document, and the guides
 * as HTML. Nothing of it is rendered while the gateway runs, and none of the packages is needed then.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import MarkdownIt from 'markdown-it';

const here = import.meta.dirname;
const root = join(here, '../../..');
const target = join(here, '../dist/docs');

/** In the order of the navigation; titles are those of the pages. */
const GUIDES = ['upstream', 'webhooks', 'statements', 'message-log', 'testing-api'];

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });

const bundle = await readFile(
  createRequire(import.meta.url).resolve('redoc/bundles/redoc.standalone.js'),
  'utf8',
);
const redoc = withoutThirdParties(withoutInlineStyles(bundle));
await put('redoc.js', redoc);
await put('asyncapi.json', await readFile(join(root, 'packages/contracts/asyncapi.json'), 'utf8'));
const style = (await readFile(join(here, 'docs.css'), 'utf8')) + codeColours(bundle);
await put('docs.css', style);
const show = await readFile(join(here, 'show-redoc.js'), 'utf8');
await put('show-redoc.js', show);
const guides = [];
for (const name of GUIDES) {
  const text = await readFile(join(root, 'docs', `${name}.md`), 'utf8');
  guides.push({ name, title: /^# (.+)$/m.exec(text)?.[1] ?? name });
  await writeFile(join(target, `${name}.html`), render(text));
}
// Part of the addresses of the assets, so one that has changed is loaded anew.
const version = createHash('sha256').update(redoc).update(style).update(show).digest('hex').slice(0, 16);
await writeFile(
  join(target, 'index.json'),
  JSON.stringify({ guides, version, assets: ['redoc.js', 'show-redoc.js', 'docs.css'] }),
);

/** Beside each asset its gzip, so that serving it costs no time. */
async function put(name, text) {
  await writeFile(join(target, name), text);
  await writeFile(join(target, `${name}.gz`), gzipSync(text, { level: 9 }));
}

/** Redoc shows its maker's logo from there, and would send figures: the policy forbids both, and this the attempt. */
function withoutThirdParties(code) {
  const changed = code
    .replaceAll(
      /https:\/\/cdn\.redoc\.ly\/redoc\/logo-mini(?:-full)?\.svg/g,
      'data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22/>',
    )
    .replaceAll('https://otel.cloud.redocly.com/v1/traces', '/nowhere');
  if (changed === code || /cdn\.redoc\.ly\/redoc\/logo|otel\.cloud/.test(changed))
    throw new Error('Redoc has changed: see what it loads from others now');
  return changed;
}

/** Redoc writes the colour of a piece of code as an inline style, which the policy refuses: an attribute names it instead. */
function withoutInlineStyles(code) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program
  const changed = code.replace('` style="color: var(${i})"`', '` data-ink="${i}"`');
  if (changed === code || /`[^`]{0,40} style="/.test(changed))
    throw new Error('Redoc has changed: see where it writes inline styles now');
  return changed;
}

/** The rules for those attributes. */
function codeColours(code) {
  const names = new Set(code.match(/--code-block-tokens-[\w-]+-color/g));
  return [...names].map((name) => `[data-ink="${name}"]{color:var(${name})}`).join('\n');
}

/** HTML in the Markdown stays text (`html: false`), and links other than http(s) and paths are dropped. */
function render(text) {
  const markdown = new MarkdownIt({ html: false, linkify: false });
  markdown.core.ruler.push('links', ({ tokens }) => {
    for (const { children } of tokens) if (children) rewriteLinks(children);
  });
  // A wide table scrolls by itself, not the page.
  markdown.renderer.rules.table_open = () => '<div class="wide"><table>';
  markdown.renderer.rules.table_close = () => '</table></div>';
  // No inline style: the policy refuses it.
  markdown.core.ruler.push('no-styles', ({ tokens }) => {
    for (const token of tokens) token.attrs = token.attrs?.filter(([name]) => name !== 'style') ?? null;
  });
  markdown.core.ruler.push('anchors', ({ tokens }) => {
    tokens.forEach((token, at) => {
      if (token.type === 'heading_open') token.attrSet('id', slug(tokens[at + 1].content));
    });
  });
  return markdown.render(text);
}

function rewriteLinks(children) {
  const open = [];
  for (const token of children) {
    if (token.type === 'link_open') {
      const href = served(token.attrGet('href') ?? '');
      open.push(href);
      if (href === undefined) token.hidden = true;
      else token.attrSet('href', href);
      if (href === undefined) Object.assign(token, { type: 'text', tag: '', content: '', nesting: 0 });
    } else if (token.type === 'link_close' && open.pop() === undefined)
      Object.assign(token, { type: 'text', tag: '', content: '', nesting: 0 });
  }
}

/** Where the gateway serves what the repository's page links to; undefined for what it does not serve. */
function served(href) {
  if (/^(https?:|#)/.test(href)) return href;
  const [path, hash = ''] = href.split('#');
  const file = basename(path);
  const end = hash === '' ? '' : `#${hash}`;
  if (/(^|\/)errors\/[\w-]+\.md$/.test(path)) return `/docs/errors/${file.slice(0, -3)}${end}`;
  if (/(^|\/)errors\/?$/.test(path)) return '/docs/errors';
  if (file === 'asyncapi.json') return '/asyncapi.json';
  if (file === 'openapi.json') return '/openapi.json';
  const isGuide = /^(?:\.\/|\.\.\/docs\/)?[\w-]+\.md$/.test(path) && GUIDES.includes(file.slice(0, -3));
  return isGuide ? `/docs/guides/${file.slice(0, -3)}${end}` : undefined;
}

function slug(text) {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
