import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { COMMANDS, eventType, TOPICS } from '@subledger/contracts';
import { LogFollower } from '@subledger/kafka/client';
import { TestCluster } from '../cluster.fixture.js';
import { PARTITIONS } from '../feed/records.fixture.js';
import { HoldClient } from './hold-client.js';

interface Command {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly mainAccountId: string; readonly messageId: string; readonly points?: string };
}
const request = { mainAccountId: 'ma_one', subAccountId: 'sa_one', points: '2' };

describe('holds over Kafka', () => {
  let cluster: TestCluster;
  let client: HoldClient;
  const commands: Command[] = [];
  beforeEach(async () => {
    cluster = await TestCluster.start();
    commands.length = 0;
    playLedger();
    client = HoldClient.overKafka({ kafka: cluster.kafka, timeoutMs: 5_000 });
    cluster.onClose(() => client.close());
  });
  afterEach(() => cluster.stop());

  /** Answers as the message id asks for. */
  function playLedger(): void {
    const event = (command: Command, name: Parameters<typeof eventType>[0], data: object) =>
      cluster.write(TOPICS.events, {
        key: command.data.mainAccountId,
        value: {
          type: eventType(name),
          data: { ...data, cause: { kind: 'command', id: command.id, type: command.type } },
        },
      });
    const follower = new LogFollower(cluster.kafka, {
      topics: [TOPICS.commands],
      onBatch: ({ records }) => {
        for (const record of records) {
          const command = JSON.parse(String(record.value)) as Command;
          commands.push(command);
          const { messageId, points } = command.data;
          if (messageId === 'refused')
            void event(command, 'command.rejected', { code: 'limit-exceeded', remaining: '1' });
          else if (messageId === 'lost') continue;
          else if (command.type.includes('release')) void event(command, 'hold.released', { points: '2' });
          // A month start that the command set off comes first.
          else
            void event(command, 'period.rolled', {}).then(() =>
              event(command, 'hold.placed', {
                points,
                expiresAt: '2026-11-24T00:15:00Z',
                subAccount: { remaining: '8' },
              }),
            );
        }
      },
      onOutOfRange: ({ low }) => low,
    });
    for (let partition = 0; partition < PARTITIONS; partition += 1)
      follower.follow(TOPICS.commands, partition, 0n);
    cluster.onClose(() => follower.close());
  }

  it('places, releases and is refused, each call with its own outcome', async () => {
    const outcomes = await Promise.all([
      client.hold({ ...request, messageId: 'm1' }),
      client.hold({ ...request, messageId: 'refused' }),
      client.release({ mainAccountId: 'ma_two', messageId: 'm2' }),
    ]);
    expect(outcomes).toEqual([
      { outcome: 'placed', points: '2', remaining: '8', expiresAt: '2026-11-24T00:15:00Z' },
      { outcome: 'refused', code: 'limit-exceeded', remaining: '1' },
      { outcome: 'released', points: '2' },
    ]);
    for (const command of commands)
      expect(COMMANDS.get(command.type)?.schema.safeParse(command).error).toBeUndefined();
  });

  it('refuses what breaks the contract without a command', async () => {
    expect(await client.hold({ ...request, messageId: 'a b', points: '0' })).toMatchObject({
      outcome: 'refused',
      code: 'validation-failed',
    });
    expect(commands).toHaveLength(0);
  });

  it('checks a sender with the feed, and sends nothing if it is not allowed or unknown', async () => {
    const known = new Map([
      ['050-1234-5678', true],
      ['05000000002', false],
    ]);
    const feed = { allowsSender: (_id: string, sender: string) => known.get(sender) };
    const checked = HoldClient.overKafka({ kafka: cluster.kafka, timeoutMs: 5_000, feed });
    cluster.onClose(() => checked.close());
    const codeOf = async (from: HoldClient, sender: string) => {
      const held = await from.hold({ ...request, messageId: 'm3', sender });
      return held.outcome === 'refused' ? held.code : held.outcome;
    };
    expect(await codeOf(checked, '05000000002')).toBe('sender-not-allowed');
    expect(await codeOf(checked, '05000000003')).toBe('service-unavailable');
    expect(await codeOf(client, '050-1234-5678')).toBe('validation-failed');
    expect(commands).toHaveLength(0);
    expect(await codeOf(checked, '050-1234-5678')).toBe('placed');
  });

  it('no outcome in time and no reachable broker are unknown', async () => {
    const { kafka, proxy } = await cluster.throughProxy();
    const hasty = HoldClient.overKafka({ kafka, timeoutMs: 1_000 });
    cluster.onClose(() => hasty.close());
    expect(await hasty.hold({ ...request, messageId: 'lost' })).toMatchObject({
      outcome: 'unknown',
      reason: 'timeout',
      advice: expect.stringContaining('release()'),
    });
    proxy.cut();
    expect(await hasty.release({ ...request, messageId: 'm' })).toMatchObject({ outcome: 'unknown' });
  });
});
