/** One command of the CLI: a file in `commands/`, listed in `cli.ts`. */
export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly summary: string;
  /**
   * Resolves with the exit code.
   * @throws DevstackError, shown without a stack; anything else is a bug
   */
  run(args: readonly string[]): Promise<number>;
}
