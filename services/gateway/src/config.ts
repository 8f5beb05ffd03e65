import { isIP } from 'node:net';
import { baseConfig, durationMs, port } from '@subledger/service-kit';
import { z } from 'zod';

/** An IP address, or a network such as `10.0.0.0/8`. */
function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const isNetwork =
    bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
  return version !== 0 && isNetwork && more.length === 0;
}

/** Requests a minute; 0 is no limit. */
const perMinute = z.coerce.number().int().min(0).max(10_000_000);

const key = z.string().min(16, 'must be at least 16 characters').max(256);

/** The gateway's variables; the README has them in a table. */
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
  WRITE_WAIT_MS: durationMs
    .default(5_000)
    .describe('how long a write waits for its outcome before it answers 202'),
  RESEND_AFTER_MS: durationMs.default(10_000).describe('when a command without an outcome is sent again'),
  KEEP_OPERATIONS_DAYS: z.coerce.number().int().min(1).max(365).default(14),
  SESSION_IDLE_MS: durationMs.default(3_600_000).describe('how long a session lasts without a request'),
  SESSION_MAX_MS: durationMs.default(43_200_000).describe('how long a session lasts at the most'),
  LOGIN_ATTEMPTS_PER_ACCOUNT: z.coerce.number().int().min(1).max(10_000).default(10),
  LOGIN_ATTEMPTS_PER_ADDRESS: z.coerce.number().int().min(1).max(1_000_000).default(100),
  LOGIN_WINDOW_MS: durationMs.default(900_000).describe('within which failed logins are counted'),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((list) => list.every(isAddressOrNetwork), 'must be addresses or networks, separated by commas')
    .default([])
    .describe('proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8'),
  RATE_LIMIT_ADDRESS: perMinute
    .default(600)
    .describe('requests a minute from one address without a valid key or session; 0: no limit'),
  RATE_LIMIT_CUSTOMER: perMinute
    .default(2_000)
    .describe('requests a minute by one key or session of a main or sub-account; 0: no limit'),
  RATE_LIMIT_OPERATOR: perMinute
    .default(12_000)
    .describe('requests a minute by one key or session of an operator; 0: no limit'),
  RATE_LIMIT_UPSTREAM: perMinute
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
  CSV_DOWNLOADS: z.coerce.number().int().min(1).max(50).default(3).describe('downloads of the log at a time'),
  CSV_TIMEOUT_MS: durationMs.default(600_000).describe('longest download'),
  OPERATOR_API_KEY: key.optional().describe('API key of operators'),
  UPSTREAM_API_KEY: key.optional().describe('API key of the SMS service'),
  OPERATOR_LOGIN: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{2,63}$/)
    .optional()
    .describe('login of the first operator'),
  OPERATOR_PASSWORD: z.string().min(8).max(128).optional().describe('password of the first operator'),
});
export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Shortest bootstrap key that production accepts. */
export const MIN_PRODUCTION_KEY_LENGTH = 32;
export const MIN_PRODUCTION_PASSWORD_LENGTH = 12;
