/** The configuration of this process is wrong. `message` lists every invalid variable, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param problems one line per variable: its name and the expected value */
  constructor(readonly problems: readonly string[]) {
    super(`Configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
