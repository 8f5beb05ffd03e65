import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
let main: string;
let path: string;
beforeAll(async () => {
  gateway = await TestGateway.start();
  main = await gateway.mainAccount('1000', 'kita-clinic');
  path = `/v1/main-accounts/${main}`;
});
afterAll(() => gateway?.stop());

const query = (name: string, value: string) => `${name}=${encodeURIComponent(value)}`;

describe('names are found for any width, case and composition of letters', () => {
  test.each<[string, string[], string[]]>([
    ['ＡＢＣ商事', ['ABC商事', 'abc', 'ＡＢＣ', 'ａｂｃ商', 'ＡＢＣ商事'], ['ABD', 'C 商']],
    ['ﾃｽﾄ株式会社', ['テスト', 'ﾃｽﾄ株式', '株式会社'], ['テスト 株']],
    ['Café Zoë'.normalize('NFD'), ['café', 'CAFÉ'.normalize('NFC'), 'cafe\u0301', 'zoë'], ['cafe zo']],
    ['カフェ ガーデン'.normalize('NFC'), ['ガーデン'.normalize('NFD'), 'ｶﾞｰﾃﾞﾝ'], ['カーデン']],
    ['Straße ΣΟΦΟΣ', ['STRASSE', 'strasse', 'σοφος', 'σοφοσ'], ['strase']],
    ['東京\u3000支店', ['東京 支店', '東京\u3000支店'], ['東京支店']],
    ['100%_\\確実', ['100%', '１００％', '%_', '\\確'], ['1%0', '100_%', '％％']],
  ])('%s', async (name, found, missed) => {
    const { body } = await gateway.call('POST', '/v1/main-accounts', { body: { name, plan: 'prepay' } });
    expect(body.name).toBe(name);
    const finds = async (text: string) => {
      const list = await gateway.call('GET', `/v1/main-accounts?limit=200&${query('q', text)}`);
      return [text, list.body.items.some(({ id }: { id: string }) => id === body.id)];
    };
    expect(await Promise.all(found.map(finds))).toEqual(found.map((text) => [text, true]));
    expect(await Promise.all(missed.map(finds))).toEqual(missed.map((text) => [text, false]));
  });

  test('those of sub-accounts as well', async () => {
    const id = await gateway.subAccount(main, 'Sales1');
    for (const text of ['sales', 'Ｓａｌｅｓ', 'ＬＥＳ１']) {
      const { body } = await gateway.call('GET', `${path}/sub-accounts?${query('q', text)}`);
      expect([text, body.items.map((item: { id: string }) => item.id)]).toEqual([text, [id]]);
    }
    expect((await gateway.call('GET', `${path}/sub-accounts?${query('q', '％')}`)).body.items).toEqual([]);
  });
});

test('people log in with the letters that their input method types', async () => {
  const { body } = await gateway.call('GET', path);
  const mainAccount = (body.loginUrl as string).split('/').at(-1);
  for (const login of [
    { login: 'ＫＩＴＡ-ｃｌｉｎｉｃ', password: PASSWORD },
    { mainAccount, subAccount: 'ｓａｌｅｓ１', password: PASSWORD },
  ])
    expect((await gateway.call('POST', '/v1/session', { key: null, body: login })).status).toBe(201);
});

describe('messages', () => {
  beforeAll(async () => {
    const rows = [
      ['e164', '+819000000001', '2026-10-31T14:59:59.999Z'],
      ['bare', '819000000001', '2026-10-31T15:00:00Z'],
      ['national', '09000000001', '2026-11-01T14:59:59.999Z'],
      ['wide', '０９００００００００１', '2026-11-01T15:00:00Z'],
      ['other', '+819000000002', '2026-11-02T00:00:00Z'],
    ];
    await gateway.database.client.query(
      `INSERT INTO gateway.message_log (main_account_id, sent_at, message_id, sub_account_id, sender, recipient, content,
          segments, millipoints, refunded, source_partition, source_offset)
        SELECT $1, (r->>2)::timestamptz, r->>0, 'sa_x', 's', r->>1, 'x', 1, 1000, 0, 0, i
        FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS t (r, i)`,
      [main, JSON.stringify(rows)],
    );
  });
  const found = async (text: string): Promise<string[]> => {
    const { status, body } = await gateway.call('GET', `${path}/messages?${text}`);
    expect([text, status]).toEqual([text, 200]);
    return body.items.map(({ messageId }: { messageId: string }) => messageId).reverse();
  };

  test.each([
    'recipient=%2B819000000001',
    'recipient=+819000000001',
    'recipient=819000000001',
    'recipient=090-0000-0001',
    query('recipient', '０９００００００００１'),
    'recipient=090+0000+0001',
  ])('to a number, however it is asked for: %s', async (text) => {
    expect(await found(text)).toEqual(['e164', 'bare', 'national', 'wide']);
  });

  test.each([
    ['from=2026-11-01', ['bare', 'national', 'wide', 'other']],
    ['from=2026-11-01&to=2026-11-02', ['bare', 'national']],
    ['to=2026-11-01', ['e164']],
    ['from=2026-11-01T00:00:00+09:00', ['bare', 'national', 'wide', 'other']],
    ['from=0000-01-01&to=9999-12-31', ['e164', 'bare', 'national', 'wide', 'other']],
    ['to=2026-11-01T00:00:00Z', ['e164', 'bare']],
  ] as [string, string[]][])('of days in the zone of the main account: %s', async (text, ids) => {
    expect(await found(text)).toEqual(ids);
    const csv = await gateway.call('GET', `${path}/messages.csv?for=program&${text}`);
    expect(
      csv.body
        .trimEnd()
        .split('\r\n')
        .slice(1)
        .map((row: string) => row.split(',')[4]),
    ).toEqual(ids);
  });

  test('the audit log takes days as well', async () => {
    const entries = async (text: string, of = `${path}/audit-log`) =>
      (await gateway.call('GET', `${of}?${text}`)).body.items.length;
    expect(await entries('from=2000-01-01')).toBeGreaterThan(0);
    expect(await entries('to=2000-01-02')).toBe(0);
    expect(await entries('from=2999-01-01', '/v1/audit-log')).toBe(0);
  });
});
