import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Nest's LoggerService over pino: `NestFactory.create(Module, { logger: new NestLogger(log) })`. */
export class NestLogger implements LoggerService {
  constructor(private readonly log_: Logger) {}

  /** Nest's start-up messages (one line per module and route) are only useful for debugging. */
  log(message: unknown, ...params: unknown[]): void {
    this.#write('debug', message, params);
  }
  fatal(message: unknown, ...params: unknown[]): void {
    this.#write('fatal', message, params);
  }
  error(message: unknown, ...params: unknown[]): void {
    this.#write('error', message, params);
  }
  warn(message: unknown, ...params: unknown[]): void {
    this.#write('warn', message, params);
  }
  debug(message: unknown, ...params: unknown[]): void {
    this.#write('debug', message, params);
  }
  verbose(message: unknown, ...params: unknown[]): void {
    this.#write('trace', message, params);
  }

  /** Nest passes the context as the last string, and for errors a stack before it. */
  #write(level: Level, message: unknown, params: unknown[]): void {
    const rest = [...params];
    const context = typeof rest.at(-1) === 'string' ? (rest.pop() as string) : undefined;
    const stack = rest.find((param) => typeof param === 'string' && param.includes('\n'));
    const err = [message, ...rest].find((value) => value instanceof Error);
    const details = rest.filter((param) => param !== stack && param !== err && param !== undefined);
    this.log_[level](
      {
        ...(context === undefined ? {} : { context }),
        ...(stack === undefined ? {} : { stack }),
        ...(err === undefined ? {} : { err }),
        ...(details.length === 0 ? {} : { details }),
        ...(isPlainObject(message) ? message : {}),
      },
      typeof message === 'string' ? message : message instanceof Error ? message.message : 'nest',
    );
  }
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && !Array.isArray(value);
