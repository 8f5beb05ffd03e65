import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, type ServiceName } from '@subledger/service-kit/installed-services';
import { parse } from 'yaml';

interface Compose {
  readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, unknown>> }>>;
}

/** What of a service's variables cannot be set where it runs by `docker-compose.yml` and `.env`. */
export interface ComposeGaps {
  /** Variables of the service that the compose file does not pass. */
  readonly notPassed: readonly string[];
  /** Variables that the compose file passes and the service does not know. */
  readonly unknown: readonly string[];
  /** Variables that the compose file reads from `.env` and that are missing in `.env.example`. */
  readonly notInExample: readonly string[];
}

/** Read by the telemetry SDK itself. */
const BEYOND_CONFIGURATION = new Set(['OTEL_EXPORTER_OTLP_ENDPOINT']);

/** @param variables names of the service's configuration. @throws Error where the compose file has no such service */
export function composeGaps(service: ServiceName, variables: readonly string[]): ComposeGaps {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const environment = (parse(text, { merge: true }) as Compose).services[service]?.environment;
  if (!environment) throw new Error(`docker-compose.yml has no environment of ${service}`);
  const given = Object.keys(environment);
  const example = new Set(
    [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(
      ([, name]) => name,
    ),
  );
  const taken = [...JSON.stringify(environment).matchAll(/\$\{([A-Z][A-Z0-9_]*)/g)].map(
    ([, name]) => name ?? '',
  );
  return {
    notPassed: variables.filter((name) => !given.includes(name)),
    unknown: given.filter((name) => !variables.includes(name) && !BEYOND_CONFIGURATION.has(name)),
    notInExample: [...new Set(taken)].filter((name) => !example.has(name)),
  };
}
