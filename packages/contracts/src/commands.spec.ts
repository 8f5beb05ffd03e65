import { describe, expect, it } from '@jest/globals';
import {
  COMMAND_DATA,
  COMMAND_NAMES,
  COMMANDS,
  type CommandInput,
  type CommandName,
  commandType,
  rollCommandId,
} from './commands.js';
import { makeCloudEvent } from './envelope.js';
import { foreignId } from './scalars.js';

const main = { mainAccountId: 'ma_1' };
const sub = { mainAccountId: 'ma_1', subAccountId: 'sa_1' };

/** The least that each command may say. */
const MINIMAL: { [Name in CommandName]: CommandInput<Name> } = {
  'main-account.open': { ...main, plan: 'prepay', timeZone: 'Asia/Tokyo' },
  'main-account.configure': main,
  'main-account.suspend': main,
  'main-account.resume': main,
  'snapshot.request': main,
  'feature.activate': main,
  'feature.deactivate': main,
  'points.purchase': { ...main, points: '1200' },
  'points.adjust': { ...main, points: '-0.5', reason: 'ticket 118' },
  'plan.switch': { ...main, plan: 'postpay' },
  'sub-account.open': { ...sub, limit: '0' },
  'sub-account.configure': { ...sub, priority: 0 },
  'limit.change': { ...sub, limit: '1000' },
  'limit.boost': { ...sub, points: '1' },
  'sub-account.pause': sub,
  'sub-account.resume': sub,
  'sub-account.deactivate': sub,
  'sub-account.reactivate': sub,
  'sub-account.delete': sub,
  'hold.place': { ...sub, messageId: 'm1', points: '1.2' },
  'hold.release': { ...main, messageId: 'm1' },
  'period.roll': { ...main, period: '2026-12', dueAt: '2026-11-30T15:00:00Z' },
};

/** What the contract adds where the sender is silent. */
const DEFAULTS: Partial<Record<CommandName, object>> = {
  'main-account.open': { creditLimit: '0', fundingPolicy: 'full' },
  'points.purchase': { reference: '' },
  'limit.change': { effective: 'immediately' },
  'hold.place': { expiresInSeconds: 900 },
  'hold.release': { reason: 'released' },
  'snapshot.request': { history: true },
};

const record = (name: CommandName, data: object) =>
  makeCloudEvent(commandType(name), { id: 'c1', source: 'test', time: '2026-11-23T09:00:00Z', data });
const schemaOf = (name: CommandName) => {
  const found = COMMANDS.get(commandType(name));
  if (!found) throw new Error(`no schema for ${name}`);
  return found.schema;
};

describe.each(COMMAND_NAMES)('command %s', (name) => {
  it('takes its minimal example and fills in the defaults', () => {
    const { data } = schemaOf(name).parse(record(name, MINIMAL[name]));
    expect(data).toEqual({ ...MINIMAL[name], ...DEFAULTS[name] });
  });

  it('keeps fields that it does not know, in the data and beside it', () => {
    const told = { ...record(name, { ...MINIMAL[name], later: { deep: [1] } }), traceparent: '00-1' };
    const read = schemaOf(name).parse(told);
    expect(read).toMatchObject({ traceparent: '00-1', data: { later: { deep: [1] } } });
  });

  it.each(Object.keys(MINIMAL[name]))('needs %s', (field) => {
    const { [field]: _, ...rest } = MINIMAL[name] as Record<string, unknown>;
    expect(schemaOf(name).safeParse(record(name, rest)).success).toBe(false);
  });

  it('refuses the type of another command, and no data', () => {
    const other = COMMAND_NAMES.find((one) => one !== name) as CommandName;
    expect(
      schemaOf(name).safeParse({ ...record(name, MINIMAL[name]), type: commandType(other) }).success,
    ).toBe(false);
    expect(schemaOf(name).safeParse({ ...record(name, MINIMAL[name]), data: undefined }).success).toBe(false);
  });
});

describe('fields of commands', () => {
  it.each<[CommandName, object]>([
    ['points.purchase', { points: '0' }],
    ['points.purchase', { points: '-1' }],
    ['points.purchase', { points: 1200 }],
    ['points.purchase', { reference: 'x'.repeat(201) }],
    ['points.purchase', { reference: 'a\u0000b' }],
    ['points.adjust', { points: '0' }],
    ['points.adjust', { reason: '' }],
    ['plan.switch', { plan: 'free' }],
    ['sub-account.open', { limit: '1.5' }],
    ['sub-account.open', { limit: '-1' }],
    ['sub-account.open', { priority: -1 }],
    ['limit.change', { limit: '1000000001' }],
    ['limit.change', { effective: 'tomorrow' }],
    ['limit.boost', { points: '0' }],
    ['limit.boost', { points: '0.5' }],
    ['hold.place', { expiresInSeconds: 0 }],
    ['hold.place', { expiresInSeconds: 86_401 }],
    ['hold.place', { points: '0' }],
    ['hold.place', { messageId: 'a b' }],
    ['hold.release', { reason: 'because' }],
    ['main-account.open', { timeZone: 'Mars/Olympus' }],
    ['main-account.open', { creditLimit: '-1' }],
    ['period.roll', { period: '2026-13' }],
  ])('%s refuses %j', (name, wrong) => {
    expect(COMMAND_DATA[name].safeParse({ ...MINIMAL[name], ...wrong }).success).toBe(false);
  });

  it('takes null as unlimited credit, and leaves an unnamed one alone', () => {
    const { 'main-account.open': open, 'main-account.configure': configure } = COMMAND_DATA;
    expect(open.parse({ ...MINIMAL['main-account.open'], creditLimit: null }).creditLimit).toBeNull();
    expect(configure.parse({ ...main, creditLimit: null }).creditLimit).toBeNull();
    expect('creditLimit' in configure.parse(main)).toBe(false);
  });

  it('names a roll by its period, for any length of the id', () => {
    expect(rollCommandId('ma_1', '2026-12')).toBe('roll:ma_1:2026-12');
    expect(foreignId.safeParse(rollCommandId(`ma_${'a'.repeat(64)}`, '2026-12')).success).toBe(true);
  });
});
