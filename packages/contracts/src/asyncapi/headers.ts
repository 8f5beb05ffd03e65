import { DEAD_LETTER_HEADERS } from '../dead-letters.js';

/** W3C Trace Context, https://www.w3.org/TR/trace-context/. */
const traceparent = {
  type: 'string',
  pattern: '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$',
  description:
    'The trace that the writer was in (W3C Trace Context). The ledger’s events carry that of their cause.',
};
export const TRACE_EXAMPLE = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' };

/** No header is required: the value alone says what a record means. */
export const RECORD_HEADERS_SCHEMA = {
  type: 'object',
  properties: {
    traceparent,
    tracestate: { type: 'string', description: 'Vendors’ part of the trace context.' },
    'content-type': { type: 'string', description: 'Media type of the value. Readers do not depend on it.' },
    'ledger-forwarded-from': {
      type: 'string',
      description:
        'Partition on which the record had come, where that was not its key’s. Only the ledger writes it.',
    },
    'replay-of': {
      type: 'string',
      description:
        'Place of the dead letter that this record replays. Only the operators’ command writes it.',
    },
  },
};

const ABOUT_SOURCE: { readonly [Name in keyof typeof DEAD_LETTER_HEADERS]: string } = {
  topic: 'Topic of the source record',
  partition: 'Its partition',
  offset: 'Its offset',
  timestamp: 'Its broker time, ISO 8601',
  reason: 'Why it was dead-lettered, percent-encoded',
};

export const DEAD_LETTER_HEADERS_SCHEMA = {
  type: 'object',
  required: Object.values(DEAD_LETTER_HEADERS),
  properties: {
    ...Object.fromEntries(
      Object.entries(DEAD_LETTER_HEADERS).map(([field, header]) => [
        header,
        { type: 'string', description: ABOUT_SOURCE[field as keyof typeof DEAD_LETTER_HEADERS] },
      ]),
    ),
    traceparent,
  },
};
