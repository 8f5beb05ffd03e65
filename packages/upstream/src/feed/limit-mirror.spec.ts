import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LimitRecord } from '@subledger/contracts';
import { wholePoints } from '@subledger/core';
import type { Lane } from './lane.js';
import { LimitMirror } from './limit-mirror.js';
import { at, LANE, limitValue, MAIN, PARTITIONS, profileValue, SUB, toRecord } from './records.fixture.js';

const NOW = 1_000;
const points = (text: string) => BigInt(text) * 1_000n;

describe('LimitMirror', () => {
  let mirror: LimitMirror;
  const lane = () => mirror.lanes[LANE] as Lane;
  const limit = (given: Partial<LimitRecord> = {}) => mirror.applyLimit(toRecord(limitValue(given)));
  const own = () => {
    mirror.knownUntil = NOW;
    lane().phase = 'ready';
    lane().freshUntil = NOW;
  };
  const check = (cost = '1', sender?: string) =>
    mirror.check({ subAccountId: SUB, points: cost, ...(sender ? { sender } : {}) }, NOW);
  const take = (messageId: string, cost: string) =>
    mirror.take({ subAccountId: SUB, messageId, points: cost }, NOW).allowed;
  const left = () => mirror.remaining(mirror.table.row(SUB) as number);
  const report = (messageId: string, cost: string) =>
    mirror.reporting({ messageId, mainAccountId: MAIN, subAccountId: SUB, points: points(cost) });
  const written = (messageId: string, offset: bigint, repeated = false) =>
    mirror.written(messageId, { partition: LANE, offset, repeated });
  const logged = (messageId: string, cost: string, offset: bigint, given: object = {}) =>
    mirror.applyMessage({
      partition: LANE,
      offset,
      value: Buffer.from(
        JSON.stringify({
          type: 'subledger.message.sent.v1',
          data: { messageId, mainAccountId: MAIN, subAccountId: SUB, points: cost, ...given },
        }),
      ),
    });

  beforeEach(() => {
    mirror = new LimitMirror({
      partitions: PARTITIONS,
      whenNotCaughtUp: 'refuse',
      maxMessagePoints: wholePoints(10_000),
    });
    own();
    limit();
  });

  it('counts a report on a partition beyond the lanes until it is reflected at its place in the lane', () => {
    limit({ sequence: 2, position: at(500) });
    take('m-1', '10');
    report('m-1', '10');
    // An offset there is far below the positions of the lane, and says nothing about them.
    mirror.written('m-1', { partition: PARTITIONS, offset: 3n, repeated: false });
    expect(left()).toBe(points('90'));
    limit({ sequence: 3, position: at(501) });
    expect(left()).toBe(points('90'));
    logged('m-1', '10', 502n);
    expect(left()).toBe(points('90'));
    limit({ sequence: 4, remaining: '90', position: at(502) });
    expect(left()).toBe(points('90'));
    expect(take('m-2', '90')).toBe(true);
  });

  describe('check', () => {
    it('allows the remaining points, and returns how many are left', () => {
      expect(check('100')).toEqual({ allowed: true, remaining: points('100') });
      expect(check('100.001')).toEqual({ allowed: false, reason: 'limit', remaining: points('100') });
    });

    it('refuses what the ledger would not book, however much is left', () => {
      limit({ remaining: '1000000', sequence: 2 });
      expect(check('10000')).toMatchObject({ allowed: true });
      expect(check('10000.001')).toEqual({ allowed: false, reason: 'too-many-points' });
    });

    it.each(['paused', 'unfunded', 'suspended', 'inactive', 'deleted'] as const)('refuses %s', (status) => {
      limit({ status, sequence: 2 });
      expect(check()).toMatchObject({ allowed: false, reason: status });
    });

    it.each<[string, () => void, string]>([
      ['no record', () => mirror.applyLimit({ key: SUB, value: null }), 'unknown'],
      ['another’s lane', () => (lane().phase = 'foreign'), 'not-owner'],
      ['a lane that is being taken over', () => (lane().phase = 'reading'), 'not-caught-up'],
      ['an ownership in doubt', () => (mirror.isOwner = () => false), 'not-caught-up'],
      ['a feed out of touch', () => (lane().freshUntil = NOW - 1), 'not-caught-up'],
    ])('%s', (_what, change, reason) => {
      change();
      expect(check()).toMatchObject({ allowed: false, reason });
    });

    it('does not call unknown what it may not have read yet', () => {
      mirror.knownUntil = NOW - 1;
      expect(mirror.check({ subAccountId: 'sa_new', points: '1' }, NOW)).toMatchObject({
        reason: 'not-caught-up',
      });
    });

    it('lets only registered senders pass, none without a profile', () => {
      expect(check('1', '+815012345678')).toMatchObject({ reason: 'sender-not-allowed' });
      mirror.applyProfile(toRecord(profileValue()));
      expect(check('1', '+815012345678').allowed).toBe(true);
      expect(check('1', '+815099999999')).toMatchObject({ reason: 'sender-not-allowed' });
      mirror.applyProfile(toRecord(profileValue({ version: 3, senderNumbers: ['+815099999999'] })));
      mirror.applyProfile(toRecord(profileValue({ version: 2 })));
      expect(check('1', '+815012345678')).toMatchObject({ reason: 'sender-not-allowed' });
      mirror.applyProfile({ key: SUB, value: null });
      expect(check('1', '+815099999999')).toMatchObject({ reason: 'sender-not-allowed' });
    });

    it('knows a number however it is written, and lets names and short codes pass', () => {
      mirror.applyProfile(toRecord(profileValue()));
      const [own, other] = ['5012345678', '5000000002'];
      const written = (digits: string) => [
        `+81${digits}`,
        `81${digits}`,
        `0${digits}`,
        `00 81-${digits}`,
        `０${digits}`,
      ];
      expect(written(own).filter((sender) => !check('1', sender).allowed)).toEqual([]);
      expect(written(other).filter((sender) => check('1', sender).allowed)).toEqual([]);
      expect(['KITA', '21061'].map((sender) => check('1', sender).allowed)).toEqual([true, true]);
      mirror.applyProfile(
        toRecord(profileValue({ version: 2, country: 'US', senderNumbers: ['+12025550123'] })),
      );
      expect(check('1', '(202) 555-0123').allowed).toBe(true);
    });

    it('checks a sender alone', () => {
      const allows = (sender: string, id = SUB, nowMs = NOW) => mirror.allowsSender(id, sender, nowMs);
      expect([allows('+815012345678'), allows('KITA')]).toEqual([false, true]);
      mirror.applyProfile(toRecord(profileValue()));
      expect([allows('050-1234-5678'), allows('050-1234-5678', 'sa_new')]).toEqual([true, false]);
      expect(allows('050-1234-5678', SUB, NOW + 1)).toBeUndefined();
    });

    it('with allow, answers by the last known figures', () => {
      mirror = new LimitMirror({
        partitions: PARTITIONS,
        whenNotCaughtUp: 'allow',
        maxMessagePoints: wholePoints(10_000),
      });
      lane().phase = 'waiting';
      expect(check()).toEqual({ allowed: true });
      limit({ remaining: '3' });
      expect(check('4')).toMatchObject({ reason: 'limit' });
      expect(check('3').allowed).toBe(true);
    });

    it.each(['', '-1', '1e3', '1.2345'])('throws at %j for points', (text) => {
      expect(() => check(text)).toThrow(RangeError);
    });
  });

  it('keeps the newer record, by generation, then sequence', () => {
    limit({ sequence: 5, remaining: '50' });
    limit({ sequence: 4, remaining: '40' });
    limit({ sequence: 5, remaining: '41' });
    expect(left()).toBe(points('50'));
    limit({ generation: 2, sequence: 1, remaining: '20' });
    limit({ generation: 1, sequence: 9, remaining: '90' });
    expect(left()).toBe(points('20'));
    expect(mirror.table.limits(SUB)).toMatchObject({
      generation: 2,
      sequence: 1,
      period: '2026-11',
      position: null,
    });
  });

  it('counts and passes over what breaks the contract', () => {
    mirror.applyLimit({ key: SUB, value: Buffer.from('{}') });
    limit({ remaining: '1e3' });
    expect([mirror.unreadable, left()]).toEqual([2, points('100')]);
  });

  describe('take', () => {
    it('a burst cannot take more than there is', () => {
      const taken = Array.from({ length: 30 }, (_, n) => take(`m${n}`, '7')).filter(Boolean);
      expect([taken.length, left()]).toEqual([14, points('2')]);
      expect(check('2.001').allowed).toBe(false);
    });

    it('the same message takes once; its id for another message is a mistake', () => {
      expect([take('m', '60'), take('m', '60')]).toEqual([true, true]);
      expect(left()).toBe(points('40'));
      expect(() => take('m', '50')).toThrow('message id m is taken');
    });

    it('gives back what was not reported', () => {
      take('m', '60');
      expect([mirror.giveBack('m'), mirror.giveBack('m'), left()]).toEqual([true, false, points('100')]);
      take('n', '60');
      report('n', '60');
      expect([mirror.giveBack('n'), left()]).toEqual([false, points('40')]);
    });

    it('counts what the message came to cost', () => {
      take('m', '60');
      report('m', '70');
      expect(left()).toBe(points('30'));
    });

    it('does not count what a hold pays, not when it is read back either', () => {
      take('m', '60');
      report('m', '0');
      written('m', 3n);
      logged('m', '60', 3n);
      expect([left(), mirror.reservations.size]).toEqual([points('100'), 0]);
    });

    it('counts a report that was never taken', () => {
      report('m', '130');
      expect(left()).toBe(points('-30'));
    });
  });

  describe('what the record reflects', () => {
    beforeEach(() => {
      take('m', '30');
      report('m', '30');
    });

    it('is no longer subtracted from exactly its position on', () => {
      written('m', 10n);
      limit({ sequence: 2, remaining: '100', position: at(9) });
      expect(left()).toBe(points('70'));
      limit({ sequence: 3, remaining: '70', position: at(10) });
      expect([left(), mirror.reservations.size]).toEqual([points('70'), 0]);
    });

    it('whichever comes first, the record or the broker’s answer', () => {
      limit({ sequence: 3, remaining: '70', position: at(10) });
      expect(left()).toBe(points('40'));
      written('m', 10n);
      expect(left()).toBe(points('70'));
    });

    it('over a month start: the report of before is subtracted until the new period’s record has it', () => {
      written('m', 10n);
      limit({ sequence: 3, period: '2026-12', remaining: '100', position: at(8) });
      expect(left()).toBe(points('70'));
      limit({ sequence: 4, period: '2026-12', remaining: '100', position: at(10) });
      expect(left()).toBe(points('100'));
    });

    it('after a lost answer counts by its first place in the log, not by the repeat', () => {
      written('m', 15n, true);
      limit({ sequence: 2, remaining: '70', position: at(12) });
      expect(left()).toBe(points('40'));
      logged('m', '30', 11n);
      expect(left()).toBe(points('70'));
      logged('m', '30', 15n);
      expect([left(), mirror.reservations.size]).toEqual([points('70'), 0]);
    });

    it('a report that was not written stays counted, and may be given back', () => {
      mirror.notWritten('m');
      expect(left()).toBe(points('70'));
      expect([mirror.giveBack('m'), left()]).toEqual([true, points('100')]);
    });
  });

  describe('the reports of others in the log', () => {
    it('count until a record has them', () => {
      logged('theirs', '25', 4n);
      expect(left()).toBe(points('75'));
      limit({ sequence: 2, remaining: '75', position: at(4) });
      expect(left()).toBe(points('75'));
      logged('late', '5', 3n);
      expect(left()).toBe(points('75'));
    });

    it.each<[string, object]>([
      ['no points', { points: '0' }],
      ['broken points', { points: 'x' }],
      ['another main account', { mainAccountId: 'ma_two' }],
      ['an unknown sub-account', { subAccountId: 'sa_two' }],
    ])('do not count with %s', (_what, given) => {
      logged('theirs', '25', 4n, given);
      expect(left()).toBe(points('100'));
    });

    it('count by the log of their generation', () => {
      limit({ sequence: 2, position: at(50) });
      limit({ subAccountId: 'sa_two', generation: 2, sequence: 3, position: at(7) });
      logged('theirs', '25', 8n);
      expect(left()).toBe(points('75'));
    });

    it('are let go when the ledger has passed them without an effect', () => {
      logged('refused', '25', 4n);
      const other = (position: number) =>
        limit({ subAccountId: 'sa_two', sequence: position, position: at(position) });
      other(4);
      other(6);
      expect(lane().settle(0, 0)).toBeUndefined();
      expect(lane().settle(0, 900)).toBeUndefined();
      const settled = lane().settle(0, 1_001);
      expect(settled).toBe(4);
      mirror.reservations.settle(LANE, settled as number);
      expect(left()).toBe(points('100'));
    });
  });

  it('a lane that is lost keeps only what is not in the log yet', () => {
    take('open', '10');
    take('done', '20');
    report('done', '20');
    written('done', 5n);
    mirror.reservations.removeFromLog(LANE);
    expect(left()).toBe(points('90'));
    lane().phase = 'foreign';
    report('open', '10');
    written('open', 6n);
    expect(left()).toBe(points('100'));
  });

  it('forgets a deleted sub-account, and uses its row again', () => {
    take('m', '10');
    mirror.applyLimit({ key: SUB, value: null });
    expect([mirror.table.size, mirror.reservations.size]).toEqual([0, 0]);
    limit({ subAccountId: 'sa_two', remaining: '5' });
    expect(mirror.remaining(mirror.table.row('sa_two') as number)).toBe(points('5'));
  });
});
