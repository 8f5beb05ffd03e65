import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ERROR_CODES } from '@subledger/contracts';
import { faultsOf, launchBrowser } from '@subledger/testing/browser';
import { TestGateway } from '../test-support/test-gateway.js';
import { openApiDocument } from './openapi.js';

type Browser = Awaited<ReturnType<typeof launchBrowser>>;
// biome-ignore lint/suspicious/noExplicitAny: a document is looked at as plain JSON
type Json = any;

const PAGE_TIMEOUT_MS = 30_000;
const document: Json = JSON.parse(JSON.stringify(openApiDocument()));
const schemaOf = (schema: Json): Json =>
  schema?.$ref ? schemaOf(document.components.schemas[schema.$ref.split('/').at(-1)]) : schema;
const fieldsOf = (content: Json): string[] =>
  Object.keys(schemaOf((Object.values(content ?? {}) as Json[])[0]?.schema)?.properties ?? {});
const operations: Json[] = Object.values<Json>(document.paths).flatMap((item) => Object.values<Json>(item));

let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
  gateway = await TestGateway.start();
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
});

test('every operation shows its body, its answers and its examples, without a fault of the page', async () => {
  const { url } = gateway.running;
  const page = await browser.newPage();
  const faults = faultsOf(page, url);
  const missing: string[] = [];
  for (const { operationId, tags, summary, requestBody, responses } of operations) {
    const tag = tags[0].toLowerCase().replaceAll(' ', '-');
    const hash = `#/${tag}/${operationId.toLowerCase()}`;
    // The page moves to another operation as it does by a click. Loading it for each takes seconds.
    if (page.url().startsWith(url)) await page.evaluate(`location.hash = '${hash}'`);
    else await page.goto(`${url}/docs${hash}`);
    const heading = page.locator('h2', { hasText: summary }).first();
    await heading.waitFor({ timeout: PAGE_TIMEOUT_MS });
    const text = await page.locator('body').innerText();
    const samples = page.locator('.panel-request-samples');
    const menu = samples.getByRole('button', { name: 'curl', exact: true }).first();
    await menu.click();
    const languages = await page.getByRole('menuitem').allInnerTexts();
    // It stays open on the page of the next operation, where a click would close it.
    await menu.click();
    await page.getByRole('menuitem').first().waitFor({ state: 'detached', timeout: PAGE_TIMEOUT_MS });
    const [good, answer] = Object.entries<Json>(responses)[0] ?? ['', {}];
    const expected = [
      ...fieldsOf(requestBody?.content),
      ...fieldsOf(answer.content),
      good,
      ...Object.keys(responses),
    ];
    for (const one of new Set(expected)) if (!text.includes(one)) missing.push(`${operationId}: ${one}`);
    for (const one of ['curl', 'TypeScript'])
      if (!languages.includes(one)) missing.push(`${operationId}: ${one}`);
  }
  expect(operations.length).toBeGreaterThan(40);
  expect({ missing, faults }).toEqual({ missing: [], faults: [] });
  await page.close();
}, 300_000);

const guides = ['upstream', 'webhooks', 'statements', 'message-log', 'testing-api'].map(
  (name) => `/docs/guides/${name}`,
);

test.each(['/docs', '/docs/events', '/docs/errors', '/docs/errors/forbidden', ...guides])(
  '%s fits a phone and a desk, light and dark, without a fault, and leads to pages that are there',
  async (path) => {
    const { url } = gateway.running;
    for (const [width, colorScheme] of [
      [1280, 'light'],
      [360, 'dark'],
    ] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const faults = faultsOf(page, url);
      await page.goto(url + path);
      await page.getByRole('heading', { level: 1 }).first().waitFor({ timeout: PAGE_TIMEOUT_MS });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(faults).toEqual([]);
      const links = await page
        .locator('a[href^="/"]')
        .evaluateAll((all) => all.map((a) => a.getAttribute('href')));
      for (const link of new Set(links)) {
        const { status } = await fetch(url + link);
        expect([link, status]).toEqual([link, 200]);
      }
      await page.close();
    }
  },
  120_000,
);

test('the events page shows every topic', async () => {
  const { url } = gateway.running;
  const page = await browser.newPage();
  await page.goto(`${url}/docs/events`);
  for (const topic of ['commands', 'events', 'limits', 'profiles', 'messages'])
    await page.locator(`a[href="#/topics/${topic}"]`).first().waitFor({ timeout: PAGE_TIMEOUT_MS });
  await page.close();
});

test('the list of errors has every code; assets may be kept, pages with a nonce may not', async () => {
  const { body } = await gateway.call('GET', '/docs/errors', { key: null });
  for (const code of ERROR_CODES) expect(body).toContain(`<code>${code}</code>`);
  const docs = await gateway.call('GET', '/docs', { key: null });
  expect(docs.headers.get('cache-control')).toBe('no-store');
  const [asset = ''] = /\/docs\/assets\/\w+\/show-redoc\.js/.exec(docs.body) ?? [];
  const response = await fetch(`${gateway.running.url}${asset.replace('show-', '')}`);
  expect([response.headers.get('cache-control'), response.headers.get('content-encoding')]).toEqual([
    'public, max-age=31536000, immutable',
    'gzip',
  ]);
  expect((await response.text()).length).toBeGreaterThan(1_000_000);
  expect((await gateway.call('GET', '/docs/assets/0/redoc.js', { key: null })).status).toBe(404);
  expect((await gateway.call('GET', '/docs/guides/no-such', { key: null })).status).toBe(404);
});
