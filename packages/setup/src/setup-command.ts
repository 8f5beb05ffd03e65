import type { CommandLineProcess } from '@subledger/service-kit';

/** One command: a file of its own, listed in `run-setup.ts`. */
export interface SetupCommand {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /** @throws UsageError, ConfigError, SetupError: shown without a stack */
  run(process: CommandLineProcess): Promise<void>;
}
