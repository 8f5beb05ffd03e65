import { isIP } from 'node:net';
import { baseConfig, durationMs, flag, port } from '@subledger/service-kit';
import { z } from 'zod';

/** An IP address, or a network such as `10.0.0.0/8`. */
function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const isNetwork =
    bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
  return version !== 0 && isNetwork && more.length === 0;
}

/** Requests within a window. 0 means no limit. */
const requests = z.coerce.number().int().min(0).max(10_000_000);

/** A name server: an IP address, with a port if it is not 53 (`10.0.0.2:5353`, `[::1]:5353`). */
function isNameServer(text: string): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const isKnown = isIP(text) !== 0 || isIP(bracketed ?? '') === 6 || isIP(plain ?? '') === 4;
  return isKnown && Number(port ?? 53) <= 65_535;
}

const key = z.string().min(16, 'must be at least 16 characters').max(256);

/** Publicly known, so production refuses it. */
export const DEVELOPMENT_WEBHOOK_SECRET_KEY = 'development-webhook-secret-key-0123456789';

/** The gateway's variables. The README has a table of them. */
export const gatewayConfig = z.object({
  ...baseConfig,
  GATEWAY_PORT: port.default(3_000),
  GATEWAY_HOST: z.string().default('127.0.0.1').describe('address that the API listens on'),
  PUBLIC_URL: z
    .string()
    .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), 'must be an http(s):// URL')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional()
    .describe('how browsers reach the gateway; default http://GATEWAY_HOST:GATEWAY_PORT'),
  KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(12)
    .describe('partitions of the topics as they were set up, the same as for the ledger: where profiles go'),
  WRITE_WAIT_MS: durationMs
    .default(5_000)
    .describe('how long a write waits for its outcome before it answers 202'),
  RESEND_AFTER_MS: durationMs.default(10_000).describe('when a command without an outcome is sent again'),
  KEEP_OPERATIONS_DAYS: z.coerce.number().int().min(1).max(365).default(14),
  SESSION_IDLE_MS: durationMs.default(3_600_000).describe('how long a session lasts without a request'),
  SESSION_MAX_MS: durationMs.default(43_200_000).describe('how long a session lasts at the most'),
  LOGIN_ATTEMPTS_PER_NETWORK: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(10)
    .describe('failed logins to one account from one network (/24, /64) or known device that need no wait'),
  LOGIN_ATTEMPTS_PER_ACCOUNT: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(50)
    .describe('failed logins to one account from everywhere but known devices that need no wait'),
  LOGIN_ATTEMPTS_PER_ADDRESS: z.coerce.number().int().min(1).max(1_000_000).default(100),
  LOGIN_DELAY_FIRST_MS: durationMs
    .default(1_000)
    .describe('first wait after too many failed logins; then twice as long each time'),
  LOGIN_DELAY_MAX_MS: durationMs
    .default(60_000)
    .describe('longest wait of an account for failed logins from everywhere'),
  LOGIN_WINDOW_MS: durationMs
    .default(900_000)
    .describe(
      'longest wait of a network or address; after so long without a failed login its count begins anew',
    ),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((list) => list.every(isAddressOrNetwork), 'must be addresses or networks, separated by commas')
    .default([])
    .describe('proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8'),
  RATE_LIMIT_ADDRESS: requests
    .default(600)
    .describe('requests a minute from one address without a valid key or session; 0: no limit'),
  RATE_LIMIT_CUSTOMER: requests
    .default(2_000)
    .describe('requests a minute by one key or session of a main or sub-account; 0: no limit'),
  RATE_LIMIT_MAIN_ACCOUNT: requests
    .default(100)
    .describe('requests a second by all keys and sessions of a main account together; 0: no limit'),
  RATE_LIMIT_OPERATOR: requests
    .default(12_000)
    .describe('requests a minute by one key or session of an operator; 0: no limit'),
  RATE_LIMIT_UPSTREAM: requests
    .default(0)
    .describe('requests a minute by the key of the SMS service; 0: no limit'),
  HEADERS_TIMEOUT_MS: durationMs.default(10_000).describe('how long a client may take to send its headers'),
  REQUEST_TIMEOUT_MS: durationMs
    .default(15_000)
    .describe('how long a client may take to send its whole request'),
  STALLED_CLIENT_MS: durationMs
    .default(60_000)
    .describe('how long nothing may move on a connection under way, and an answer may wait to be read'),
  BODY_LIMIT_BYTES: z.coerce.number().int().min(1_024).max(8_388_608).default(262_144),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(200).default(12),
  KEEP_MESSAGES_MONTHS: z.coerce
    .number()
    .int()
    .min(2)
    .max(120)
    .default(13)
    .describe('months of the message log that are kept, the current one included'),
  KEEP_AUDIT_MONTHS: z.coerce
    .number()
    .int()
    .min(1)
    .max(240)
    .default(25)
    .describe('months of the audit log that are kept, the current one included'),
  CSV_DOWNLOADS: z.coerce.number().int().min(1).max(50).default(6).describe('downloads at a time'),
  CSV_DOWNLOADS_PER_MAIN_ACCOUNT: z.coerce
    .number()
    .int()
    .min(1)
    .max(50)
    .default(2)
    .describe('downloads at a time that a main account asks for'),
  CSV_TIMEOUT_MS: durationMs.default(600_000).describe('longest download'),
  WEBHOOK_SECRET_KEY: key
    .default(DEVELOPMENT_WEBHOOK_SECRET_KEY)
    .describe('encrypts the secrets of webhooks; with another one those that are stored cannot be read'),
  WEBHOOK_ALLOW_PRIVATE_ADDRESSES: flag
    .default(false)
    .describe('whether webhooks may lead into private networks'),
  WEBHOOK_NAME_SERVERS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine(
      (list) => list.every(isNameServer),
      'must be IP addresses, with a port or without, separated by commas',
    )
    .optional()
    .describe('where the hosts of webhooks are looked up; default the name servers of the system'),
  WEBHOOK_TIMEOUT_MS: durationMs.default(10_000).describe('longest attempt to deliver a webhook'),
  WEBHOOK_CONCURRENCY: z.coerce.number().int().min(1).max(1_000).default(32),
  WEBHOOK_RETRY_FIRST_MS: durationMs.default(5_000).describe('pause before the second attempt; then longer'),
  WEBHOOK_RETRY_FOR_MS: durationMs.default(86_400_000).describe('how long a delivery is tried'),
  WEBHOOK_DISABLE_AFTER_DAYS: z.coerce.number().int().min(1).max(365).default(5),
  KEEP_WEBHOOK_DELIVERIES_DAYS: z.coerce.number().int().min(1).max(365).default(30),
  STREAM_HEARTBEAT_MS: durationMs
    .default(15_000)
    .describe('between two signs of life of a stream, and between two checks of its credential'),
  STREAMS_MAX: z.coerce.number().int().min(1).max(100_000).default(1_000).describe('streams of an instance'),
  STREAMS_PER_CREDENTIAL: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(6)
    .describe('streams of one session or key on an instance'),
  STREAMS_PER_MAIN_ACCOUNT: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(200)
    .describe('streams of a main account and its sub-accounts on an instance'),
  STREAM_BUFFER_BYTES: z.coerce
    .number()
    .int()
    .min(16_384)
    .max(67_108_864)
    .default(1_048_576)
    .describe('what may wait for a slow reader of a stream before it is broken off'),
  OPERATOR_API_KEY: key.optional().describe('API key of operators'),
  UPSTREAM_API_KEY: key.optional().describe('API key of the SMS service'),
  OPERATOR_LOGIN: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{2,63}$/)
    .optional()
    .describe('login of the configured operator'),
  OPERATOR_PASSWORD: z.string().min(8).max(128).optional().describe('password of the configured operator'),
});
export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Minimum length of a bootstrap key in production. */
export const MIN_PRODUCTION_KEY_LENGTH = 32;
export const MIN_PRODUCTION_PASSWORD_LENGTH = 12;
