import { z } from 'zod';
import { ConfigError } from './config-error.js';

const toList = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** A port; 0 picks a free one. */
export const port = z.coerce
  .number()
  .int()
  .min(0)
  .max(65_535)
  .describe('a port from 0 (pick a free one) to 65535');
/** A duration in milliseconds, at most a day. */
export const durationMs = z.coerce
  .number()
  .int()
  .min(1)
  .max(86_400_000)
  .describe('milliseconds, 1 to 86400000');
/** `true` or `false`, as environment variables have it. */
export const flag = z
  .enum(['true', 'false', '1', '0'])
  .transform((text) => text === 'true' || text === '1')
  .describe('true or false');

const databaseUrl = z
  .string()
  .refine((text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text), 'must be a postgresql:// URL')
  .describe('where PostgreSQL is, such as postgresql://user:password@host:5432/subledger');

const brokers = z
  .string()
  .transform(toList)
  .refine(
    (list) =>
      list.length > 0 &&
      list.every((broker) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker)),
    'must be a comma-separated list of host:port',
  )
  .describe('the Kafka brokers, such as kafka-1:9092,kafka-2:9092');

/** Publicly known, so production refuses it. */
export const DEVELOPMENT_DEAD_LETTER_KEY = 'development-dead-letter-key-0123456789';

/** The variables of every service. Spread it: `z.object({ ...baseConfig, MY_VARIABLE: … })`. */
export const baseConfig = {
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('development, test or production'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('fatal, error, warn, info, debug, trace or silent'),
  DATABASE_URL: databaseUrl,
  KAFKA_BROKERS: brokers,
  KAFKA_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,100}$/, 'must be letters, digits, dots, dashes and underscores')
    .default('')
    .describe('put before every topic name'),
  ALLOW_INSECURE_DATABASE: flag
    .default(false)
    .describe('whether production may reach PostgreSQL without TLS: true or false'),
  KAFKA_SSL: flag.default(false),
  ALLOW_INSECURE_KAFKA: flag
    .default(false)
    .describe('whether production may reach Kafka without TLS: true or false'),
  KAFKA_SSL_CA_FILE: z.string().optional().describe('PEM file with the certificate authority of the brokers'),
  KAFKA_SASL_MECHANISM: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('plain, scram-sha-256 or scram-sha-512'),
  KAFKA_SASL_USERNAME: z.string().optional().describe('SASL user name'),
  KAFKA_SASL_PASSWORD: z.string().optional().describe('SASL password'),
  DEAD_LETTER_KEY: z
    .string()
    .min(16, 'must be at least 16 characters')
    .max(256)
    .default(DEVELOPMENT_DEAD_LETTER_KEY)
    .describe('encrypts what dead letters keep of their records; the same for all services'),
  OPS_HOST: z.string().default('127.0.0.1').describe('address that /healthz, /readyz and /metrics listen on'),
  OPS_PORT: port.default(0),
  SHUTDOWN_TIMEOUT_MS: durationMs.default(20_000),
};

const baseSchema = z.object(baseConfig);
export type BaseConfig = z.output<typeof baseSchema>;

/** A schema whose output has at least the base variables. */
export type ConfigSchema = z.ZodObject<typeof baseConfig & z.ZodRawShape>;

/**
 * Reads the configuration from the environment. An empty variable counts as not set, so that `VARIABLE=` in a compose
 * file means its default.
 *
 *
 * @throws ConfigError with every invalid variable and its expected value, without actual values
 */
export function loadConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Record<string, string | undefined> = process.env,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => {
      const value = env[name]?.trim();
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new ConfigError(result.error.issues.map((issue) => describeIssue(schema, given, issue)));
}

/** zod's messages name types and limits, never the input. No other part of the value is printed. */
function describeIssue(schema: z.ZodObject, given: Record<string, unknown>, issue: z.core.$ZodIssue): string {
  const name = String(issue.path[0] ?? '');
  if (name === '') return issue.message;
  const meaning = descriptionOf(schema.shape[name]);
  if (!(name in given) && issue.code !== 'custom')
    return `${name} is missing${meaning ? `: ${meaning}` : ''}`;
  return `${name} ${issue.message.startsWith('must') ? issue.message : `is not valid: ${issue.message}`}${meaning ? ` (${meaning})` : ''}`;
}

/** The description of a schema, also through `.default()` and `.optional()`. */
function descriptionOf(schema: unknown): string | undefined {
  let current = schema as { description?: string; def?: { innerType?: unknown } } | undefined;
  while (current) {
    if (current.description) return current.description;
    current = current.def?.innerType as typeof current;
  }
  return undefined;
}
