import { z } from 'zod';

/**
 * Media type of server-sent events (HTML Standard, section 9.2,
 * https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */
export const EVENT_STREAM_MEDIA_TYPE = 'text/event-stream';

/** Names of the events of a stream. A browser listens to each by its name. */
export const STREAM_EVENTS = ['hello', 'reset', 'main-account', 'sub-account', 'operation'] as const;
export type StreamEventName = (typeof STREAM_EVENTS)[number];

/** The first event of every connection. */
export const streamHello = z
  .object({
    resumed: z.boolean().meta({
      description:
        'True where the stream goes on after `Last-Event-ID`; false where whoever shows something must read it once',
      examples: [false],
    }),
    heartbeatMs: z
      .int()
      .min(1)
      .meta({
        description:
          'Milliseconds between two comments of an idle stream; longer silence is a broken connection',
        examples: [15_000],
      }),
  })
  .meta({ id: 'StreamHello' });
export type StreamHello = z.infer<typeof streamHello>;

export const STREAM_RESET_REASONS = ['unknown-position', 'too-far-back', 'too-many-changes'] as const;

/**
 * More has changed than the stream reports one by one, so the client must read everything that it shows again. The
 * stream continues.
 */
export const streamReset = z
  .object({
    reason: z.enum(STREAM_RESET_REASONS).meta({
      description:
        '`Last-Event-ID` is none of this stream, or too old; or more changed at once than is worth telling one by one',
      examples: ['too-far-back'],
    }),
  })
  .meta({ id: 'StreamReset' });
export type StreamReset = z.infer<typeof streamReset>;

/** `Last-Event-ID`: a browser sends it automatically when it reconnects (HTML Standard, section 9.2). */
export const lastEventId = z
  .string()
  .max(512)
  .meta({
    description:
      '`id` of the last event that was received. What changed after it is sent; browsers do this by themselves',
    examples: ['16412.90210.0.1795906023.0'],
  });

export const eventStream = z.string().meta({
  id: 'EventStream',
  description:
    'Server-sent events (UTF-8), each with an `id`. `hello` comes first: read what you show after it, unless it says ' +
    '`resumed`. `main-account`, `sub-account` and `operation` have the same JSON as the objects that the API answers ' +
    'with and stand in their place (on `/v1/me/stream`, `sub-account` is what `/v1/me` answers). A deleted sub-account ' +
    'comes once more, with the status `deleted`. An event may come twice. `reset`: read what you show anew. Comments ' +
    'are heartbeats. A connection that the server ends is to be opened again.',
  examples: ['id: 16412.90210.0.1795906023.0\nevent: hello\ndata: {"resumed":false,"heartbeatMs":15000}\n\n'],
});
