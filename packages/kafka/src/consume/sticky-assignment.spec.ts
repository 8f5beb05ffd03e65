import { describe, expect, test } from '@jest/globals';
import { assignSticky, type Member, unitsOf } from './sticky-assignment.js';

const UNITS = ['0', '1', '2', '3', '4', '5', '6'];

function member(id: string, owned: string[] = [], generation = 1): Member {
  return { id, owned, generation };
}

function shares(members: Member[], units = UNITS): Record<string, string> {
  return Object.fromEntries([...assignSticky(units, members)].map(([id, mine]) => [id, mine.join('')]));
}

describe('assignSticky', () => {
  test.each<[string, Member[], Record<string, string>]>([
    ['one member gets all', [member('a')], { a: '0123456' }],
    ['newcomers share evenly', [member('a'), member('b')], { a: '0123', b: '456' }],
    ['a newcomer takes just its share', [member('a', UNITS), member('b')], { a: '0123', b: '456' }],
    [
      'who stays keeps all it had',
      [member('a', ['0', '2']), member('b', ['1', '6'])],
      { a: '0234', b: '156' },
    ],
    [
      'the larger share stays where more is held',
      [member('a', ['0', '1', '2']), member('b', ['3', '4', '5', '6'])],
      { a: '012', b: '3456' },
    ],
    [
      'a claim of an older generation is void',
      [member('a', ['0', '1', '2', '3'], 4), member('b', ['0', '1', '2', '3'], 5)],
      { a: '456', b: '0123' },
    ],
    ['units that are gone are forgotten', [member('a', ['9', '6']), member('b')], { a: '0126', b: '345' }],
    ['more members than units', [member('a'), member('b'), member('c')], { a: '0', b: '1', c: '' }],
  ])('%s', (name, members, expected) => {
    expect(shares(members, name.startsWith('more') ? ['0', '1'] : UNITS)).toEqual(expected);
  });

  test('the order of members does not matter', () => {
    const members = [member('a', ['3']), member('b', ['1', '2']), member('c')];
    expect(shares(members.toReversed())).toEqual(shares(members));
  });

  test('every unit goes to exactly one member, shares differ by one at most, and a second round moves nothing', () => {
    for (let count = 1; count <= 9; count += 1) {
      const first = assignSticky(
        UNITS,
        Array.from({ length: count }, (_, i) => member(`m${i}`)),
      );
      const all = [...first.values()].flat();
      expect(all.toSorted()).toEqual(UNITS);
      const sizes = [...first.values()].map((mine) => mine.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(
        assignSticky(
          UNITS,
          [...first].map(([id, owned]) => member(id, owned, 2)),
        ),
      ).toEqual(first);
    }
  });
});

describe('unitsOf', () => {
  test('co-partitioned topics share a unit per partition', () => {
    const units = unitsOf(
      new Map([
        ['b', 2],
        ['a', 2],
      ]),
      true,
    );
    expect([...units.keys()]).toEqual(['0', '1']);
    expect(units.get('1')).toEqual([
      { topic: 'a', partition: 1 },
      { topic: 'b', partition: 1 },
    ]);
  });

  test('a co-partitioned topic that was given more partitions than the others has units of its own', () => {
    const counts = new Map([
      ['a', 2],
      ['b', 3],
    ]);
    expect([...unitsOf(counts, true)].at(-1)).toEqual(['2', [{ topic: 'b', partition: 2 }]]);
    expect(unitsOf(counts, true).size).toBe(3);
  });

  test('others have a unit per topic and partition', () => {
    expect([
      ...unitsOf(
        new Map([
          ['a', 2],
          ['b', 1],
        ]),
        false,
      ).keys(),
    ]).toEqual(['a:0', 'b:0', 'a:1']);
  });
});
