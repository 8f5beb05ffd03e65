import net from 'node:net';

const API_VERSIONS = 18;
const CORRELATION_ID = 0x53554231;
/** int16 key, int16 version 0, int32 correlation id, int16 length of a null client id. */
const REQUEST_BYTES = 10;

/**
 * A Kafka request that every broker answers before any login. A suspended process accepts the connection but does not
 * answer.
 */
function apiVersionsRequest(): Buffer {
  const frame = Buffer.alloc(4 + REQUEST_BYTES);
  frame.writeInt32BE(REQUEST_BYTES, 0);
  frame.writeInt16BE(API_VERSIONS, 4);
  frame.writeInt16BE(0, 6);
  frame.writeInt32BE(CORRELATION_ID, 8);
  frame.writeInt16BE(-1, 12);
  return frame;
}

export interface BrokerProbeOptions {
  readonly brokers: readonly string[];
  readonly timeoutMs: number;
  /** With TLS only the connection is tested, because the answer would need the handshake. */
  readonly tls: boolean;
}

/**
 * Resolves when one of the brokers answers.
 * @throws Error if none does within `timeoutMs`
 */
export async function probeBrokers({ brokers, timeoutMs, tls }: BrokerProbeOptions): Promise<void> {
  try {
    await Promise.any(brokers.map((broker) => probe(broker, timeoutMs, tls)));
  } catch {
    throw new Error('no Kafka broker answers');
  }
}

function probe(broker: string, timeoutMs: number, tls: boolean): Promise<void> {
  const colon = broker.lastIndexOf(':');
  const host = broker.slice(0, colon).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port: Number(broker.slice(colon + 1)) });
    const timer = setTimeout(() => end(new Error('no answer in time')), timeoutMs);
    const end = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once('error', end);
    socket.once('close', () => end(new Error('closed')));
    socket.once('data', () => end());
    socket.once('connect', () => (tls ? end() : socket.write(apiVersionsRequest())));
  });
}
