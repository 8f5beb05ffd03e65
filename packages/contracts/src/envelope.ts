import { z } from 'zod';
import { foreignId, instant } from './scalars.js';

/**
 * CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec). The contract of each topic gives `type`
 * and `data`.
 */
export const envelope = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: foreignId,
    source: z.string().min(1).max(256),
    type: z.string().min(1).max(128),
    subject: z.string().max(256).optional(),
    time: instant,
    datacontenttype: z.literal('application/json').optional(),
    data: z.looseObject({}),
  })
  .meta({ id: 'CloudEvent' });
export type Envelope = z.infer<typeof envelope>;

/** The schema of a CloudEvent with a fixed type and its data: one schema per type. */
export function cloudEvent<Type extends string, Data extends z.ZodType>(type: Type, data: Data) {
  return envelope.extend({ type: z.literal(type), data });
}

export interface CloudEvent<Type extends string = string, Data = unknown> {
  specversion: '1.0';
  id: string;
  source: string;
  type: Type;
  subject?: string;
  time: string;
  datacontenttype?: 'application/json';
  data: Data;
}

/**
 * Header of an event that repeats an earlier one: its command came again with the same id and content, and this is
 * the first outcome once more. It shows the command's sender that nothing happened twice.
 */
export const REPEATED_HEADER = 'subledger-repeated';

/**
 * Builds an envelope.
 * @param time ISO 8601 instant, from the caller's clock
 */
export function makeCloudEvent<Type extends string, Data>(
  type: Type,
  fields: { id: string; source: string; time: string; subject?: string; data: Data },
): CloudEvent<Type, Data> {
  return { specversion: '1.0', type, datacontenttype: 'application/json', ...fields };
}
