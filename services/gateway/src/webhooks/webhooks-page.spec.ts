import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { WEBHOOK_DELIVERY_ERRORS, WEBHOOK_EVENT_TYPES, webhookBody } from '@subledger/contracts';
import { webhookHeaders } from './webhook-headers.js';
import { newWebhookSecret } from './webhook-secrets.js';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/webhooks.md'), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .filter(([, of]) => of === language)
    .map(([, , text]) => text as string);

describe('docs/webhooks.md', () => {
  const body = '{"type":"limit.reached-80","data":{"subAccount":"営業"}}';
  const [secret, previous, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()];
  const now = new Date();
  const late = new Date(now.getTime() - 301_000);
  const CASES: [string, boolean, object, string][] = [
    ['as it was sent', true, webhookHeaders('whd_1', now, body, [secret]), body],
    ['after a rotation', true, webhookHeaders('whd_1', now, body, [previous, secret]), body],
    ['of another secret', false, webhookHeaders('whd_1', now, body, [other]), body],
    ['with another body', false, webhookHeaders('whd_1', now, body, [secret]), `${body} `],
    [
      'with another id',
      false,
      { ...webhookHeaders('whd_1', now, body, [secret]), 'webhook-id': 'whd_2' },
      body,
    ],
    ['too old', false, webhookHeaders('whd_1', late, body, [secret]), body],
  ];
  const input = JSON.stringify(CASES.map(([, , headers, text]) => [secret, headers, text]));
  const expected = CASES.map(([, isGood]) => isGood);

  test('the JavaScript without a library verifies', () => {
    const code = blocks('js').find((text) => text.includes('export function verify'));
    const ask = `${code}
      const { readFileSync } = await import('node:fs');
      console.log(JSON.stringify(JSON.parse(readFileSync(0)).map((args) => {
        try { return verify(...args).type === 'limit.reached-80'; } catch { return false; }
      })));`;
    const out = execFileSync(process.execPath, ['--input-type=module', '--eval', ask], {
      input,
      encoding: 'utf8',
    });
    expect(JSON.parse(out)).toEqual(expected);
  });

  const hasPython = spawnSync('python3', ['--version']).status === 0;
  (hasPython ? test : test.skip)('the Python without a library verifies', () => {
    const code = blocks('python').find((text) => text.includes('def verify'));
    const ask = `${code}
import sys
def good(args):
    try:
        return verify(*args)["type"] == "limit.reached-80"
    except ValueError:
        return False
print(json.dumps([good(args) for args in json.load(sys.stdin)]))`;
    const out = execFileSync('python3', ['-c', ask], { input, encoding: 'utf8' });
    expect(JSON.parse(out)).toEqual(expected);
  });

  test('has every event and every error, and its examples are bodies as they are sent', () => {
    const firstCells = [...page.matchAll(/^\| `([a-z0-9.-]+)` \|/gm)].map(([, cell]) => cell);
    expect(firstCells).toEqual([...WEBHOOK_EVENT_TYPES, ...WEBHOOK_DELIVERY_ERRORS]);
    const examples = [...page.matchAll(/^\{"type".*\}$/gm)].map(([text]) => text.replaceAll('_…', '_1'));
    expect(examples).toHaveLength(4);
    for (const text of examples) {
      const example = JSON.parse(text);
      expect(webhookBody(example.type).strict().parse(example)).toEqual(example);
    }
  });
});
