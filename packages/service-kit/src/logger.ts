import { type DestinationStream, destination, type Logger as PinoLogger, pino } from 'pino';
import { redact, scrubText } from './redaction.js';

export type Logger = PinoLogger;
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LoggerOptions {
  /** Name of the service, on every line. */
  readonly service: string;
  readonly level: LogLevel;
  /** The output. @default standard output, written synchronously so that no line is lost at exit */
  readonly stream?: DestinationStream;
}

/**
 * A pino logger of JSON lines: `{ level: "info", time: "<ISO>", service, msg, … }`. Sensitive fields are redacted at
 * any depth and in child bindings, as are credentials inside text (OWASP Logging Cheat Sheet).
 */
export function createLogger({ service, level, stream }: LoggerOptions): Logger {
  const sink = stream ?? destination({ fd: 1, sync: true });
  const redactObject = (fields: Record<string, unknown>) => redact(fields) as Record<string, unknown>;
  const logger = pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactObject },
      serializers: { err: redact, error: redact },
    },
    { write: (line: string) => void sink.write(scrubText(line)) },
  );
  // pino does not format the bindings of children, so they are redacted when they are set. Children inherit this
  // method from the root.
  const { child } = logger;
  logger.child = function redactedChild(this: Logger, bindings: object, options?: object) {
    return child.call(this, redact(bindings) as object, options);
  } as typeof child;
  return logger;
}
