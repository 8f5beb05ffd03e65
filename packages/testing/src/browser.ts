import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const USUAL_PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Chromium for tests, headless, and without requests of its own.
 *
 *
 * @throws Error with instructions if it is missing: browser tests are never skipped silently
 */
export async function launchBrowser(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const places = env.CHROMIUM_PATH ? [env.CHROMIUM_PATH] : USUAL_PLACES;
  const executablePath = places.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      `There is no Chromium at ${places.join(', ')}. Run \`node scripts/install-chromium.mjs\` as root, or set CHROMIUM_PATH to the one that you have.`,
    );
  }
  const args = ['--disable-background-networking', '--disable-component-update', '--no-first-run'];
  // The sandbox refuses to run as root, the user of many containers.
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath, args });
}

/**
 * What a page did that it must not: errors on the console (a breach of its policy is one), exceptions, answers of 400 and
 * more, and requests to others than `origin`. Call it before the page is opened; the list grows as the page runs.
 */
export function faultsOf(page: Page, origin: string): readonly string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(?:data|blob):/.test(url)) faults.push(`third party: ${url}`);
  });
  return faults;
}
