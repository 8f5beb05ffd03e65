import { DEVELOPMENT_DEAD_LETTER_KEY } from './config.js';
import { ConfigError } from './config-error.js';

/** Secrets of examples, compose files and tutorials, compared in lower case. */
const KNOWN_DEFAULTS = new Set([
  'admin',
  'change-me',
  'change_me',
  'changeit',
  'changeme',
  'default',
  'demo',
  'dev',
  'development',
  'example',
  'guest',
  'insecure',
  'kafka',
  'operator',
  'pass',
  'passw0rd',
  'password',
  'postgres',
  'root',
  'secret',
  'subledger',
  'test',
]);

/** Minimum length of a key in production. */
const MIN_KEY_LENGTH = 32;

export interface SecretRules {
  /** Minimum length in production. @default 1 */
  readonly minLength?: number;
  /** Values that this repository uses in development. */
  readonly defaults?: readonly string[];
}

/** Whether a secret is easy to guess. */
export function isDefaultSecret(value: string, defaults: readonly string[] = []): boolean {
  const text = value.trim().toLowerCase();
  return KNOWN_DEFAULTS.has(text) || defaults.some((known) => known.toLowerCase() === text);
}

/**
 * Refuses empty, short or well-known secrets in production. Elsewhere it does nothing.
 *
 *
 * @param secrets value by variable name
 * @throws ConfigError with every variable to change, never its value
 */
export function refuseDefaultSecrets(
  nodeEnv: string,
  secrets: Readonly<Record<string, string | undefined>>,
  rules: SecretRules = {},
): void {
  if (nodeEnv !== 'production') return;
  const minLength = rules.minLength ?? 1;
  const problems = Object.entries(secrets).flatMap(([name, value]) => {
    if (value === undefined || value.trim() === '') return [`${name} must be set in production`];
    if (isDefaultSecret(value, rules.defaults))
      return [`${name} must not be a default or well-known secret in production`];
    if (value.length < minLength) return [`${name} must have at least ${minLength} characters in production`];
    return [];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/**
 * Secrets of the base variables. A database URL without a password is accepted, because certificates, peer
 * authentication and cloud identities need none.
 */
export function refuseDefaultBaseSecrets(config: {
  NODE_ENV: string;
  DATABASE_URL: string;
  KAFKA_SASL_MECHANISM?: string | undefined;
  KAFKA_SASL_PASSWORD?: string | undefined;
  DEAD_LETTER_KEY?: string | undefined;
}): void {
  const password = decodeURIComponent(new URL(config.DATABASE_URL).password);
  refuseDefaultSecrets(config.NODE_ENV, {
    ...(password === '' ? {} : { 'the password in DATABASE_URL': password }),
    ...(config.KAFKA_SASL_MECHANISM ? { KAFKA_SASL_PASSWORD: config.KAFKA_SASL_PASSWORD } : {}),
  });
  refuseDefaultSecrets(
    config.NODE_ENV,
    { DEAD_LETTER_KEY: config.DEAD_LETTER_KEY },
    { minLength: MIN_KEY_LENGTH, defaults: [DEVELOPMENT_DEAD_LETTER_KEY] },
  );
}
