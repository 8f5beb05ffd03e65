import { describe, expect, it } from '@jest/globals';
import { TOPICS, type TopicName, topicSettings } from './topics.js';

const DAY_MS = 86_400_000;
const settingsOf = (name: TopicName, partitions?: number) => {
  const found = topicSettings(partitions).find((topic) => topic.name === name);
  if (!found) throw new Error(`no settings for ${name}`);
  return found;
};

describe('topic settings', () => {
  it('cover every topic once', () => {
    expect(
      topicSettings()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(Object.values(TOPICS).sort());
  });

  it.each([undefined, 1, 12, 48])(
    'commands and messages have equal partitions, asked for %s',
    (partitions) => {
      const commands = settingsOf(TOPICS.commands, partitions);
      expect(commands.partitions).toBe(partitions ?? 12);
      expect(settingsOf(TOPICS.messages, partitions).partitions).toBe(commands.partitions);
    },
  );

  it.each(Object.values(TOPICS))('%s is stamped by the broker', (name) => {
    expect(settingsOf(name).config).toMatchObject({ 'message.timestamp.type': 'LogAppendTime' });
  });

  it.each([TOPICS.limits, TOPICS.profiles])(
    '%s is compacted by sub-account, and never loses a live key',
    (name) => {
      const { key, config } = settingsOf(name);
      expect(key).toBe('sub-account');
      expect(config['cleanup.policy']).toBe('compact');
      expect(config).not.toHaveProperty('retention.ms');
    },
  );

  it.each([
    [TOPICS.commands, 'main account', 7],
    [TOPICS.events, 'main account', 30],
    [TOPICS.messages, 'main account', 30],
    [TOPICS.deadLetters, 'source key', 30],
  ] as const)('%s is keyed by %s and kept %i days', (name, key, days) => {
    const settings = settingsOf(name);
    expect(settings.key).toBe(key);
    expect(settings.config).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(days * DAY_MS),
    });
  });
});
