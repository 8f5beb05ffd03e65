import { z } from 'zod';
import { COMMANDS } from './commands.js';
import { EVENTS } from './events.js';
import { limitRecord } from './limits.js';
import { MESSAGES } from './messages.js';
import { profileRecord } from './profiles.js';
import { TOPICS } from './topics.js';

/**
 * JSON Schemas (draft 2020-12, https://json-schema.org/draft/2020-12) of all Kafka records, by file path below
 * `schemas/`.
 */
export function jsonSchemas(): Map<string, object> {
  const files = new Map<string, object>();
  const put = (topic: string, name: string, schema: z.ZodType) =>
    files.set(`${topic}/${name}.json`, {
      title: name,
      ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
    });
  for (const [type, { schema }] of COMMANDS) put(TOPICS.commands, type, schema);
  for (const [type, { schema }] of EVENTS) put(TOPICS.events, type, schema);
  for (const [type, { schema }] of MESSAGES) put(TOPICS.messages, type, schema);
  put(TOPICS.limits, 'limit-record', limitRecord);
  put(TOPICS.profiles, 'profile-record', profileRecord);
  return files;
}
