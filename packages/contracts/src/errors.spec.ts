import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES, ERRORS, type ErrorCode, isRejectionCode } from './errors.js';
import { errorPagePath, problem } from './rest/problem.js';
import { REJECTION_CODES } from './vocabulary.js';

const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'errors');
const pageOf = (code: ErrorCode) => readFileSync(join(folder, `${code}.md`), 'utf8');
const HEADINGS = ['What happened', 'Is anything lost?', 'What to do', 'Fields'];
/** What every problem has, so that no page needs to explain it. */
const COMMON = ['type', 'title', 'status', 'detail', 'code'];

/** The example of a page, which is a problem as the gateway answers it. */
function exampleOf(page: string): Record<string, unknown> {
  const block = /```json\n([\s\S]*?)\n```/.exec(page)?.[1];
  return JSON.parse(block ?? 'null') as Record<string, unknown>;
}

describe('error codes', () => {
  it('are all ledger refusals in the order of precedence, after the gateway’s own', () => {
    expect(ERROR_CODES.filter(isRejectionCode)).toEqual([...REJECTION_CODES]);
    expect(ERROR_CODES.slice(-REJECTION_CODES.length)).toEqual([...REJECTION_CODES]);
  });

  it.each(REJECTION_CODES)(
    '%s is refused with 409, or 422 where only another request can mend it',
    (code) => {
      const unmendable = ['invalid-command', 'idempotency-conflict'].includes(code);
      expect(ERRORS[code].status).toBe(unmendable ? 422 : 409);
    },
  );

  it('have titles of their own', () => {
    const titles = ERROR_CODES.map((code) => ERRORS[code].title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});

describe('docs/errors', () => {
  it('has a page for every code, and none without a code', () => {
    const pages = readdirSync(folder).map((file) => file.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual([...ERROR_CODES].sort());
  });

  it.each(ERROR_CODES)('%s: title, code and status come first', (code) => {
    const { title, status } = ERRORS[code];
    const [first, blank, second, third] = pageOf(code).split('\n');
    expect(first).toBe(`# ${title}`);
    expect(blank).toBe('');
    expect(second).toBe(`Code: \`${code}\`<br>`);
    expect(third).toMatch(new RegExp(`^HTTP status: ${status} [A-Z]`));
  });

  it.each(ERROR_CODES)('%s: says what happened, what is lost, what to do, and the fields', (code) => {
    const sections = pageOf(code).split(/^## /m).slice(1);
    expect(sections.map((section) => section.split('\n', 1)[0])).toEqual(HEADINGS);
    for (const section of sections) expect(section.split('\n').slice(1).join('').trim()).not.toBe('');
  });

  it.each(ERROR_CODES)('%s: the example is a problem of this code, and its fields are explained', (code) => {
    const page = pageOf(code);
    const example = exampleOf(page);
    expect(problem.strict().safeParse(example).error).toBeUndefined();
    expect(example).toMatchObject({ code, ...ERRORS[code] });
    expect(example.type).toMatch(new RegExp(`^https://[^/]+${errorPagePath(code)}$`));
    const explained = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
    expect(Object.keys(example).sort()).toEqual([...COMMON, ...explained].sort());
  });

  it.each(ERROR_CODES)('%s: its links lead to pages', (code) => {
    for (const [, target] of pageOf(code).matchAll(/\]\(([a-z-]+)\.md\)/g))
      expect(ERROR_CODES).toContain(target);
  });
});
