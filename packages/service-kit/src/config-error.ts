/** The configuration of this process is wrong; `message` lists every bad variable, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param problems one line per variable: its name and what it should be */
  constructor(readonly problems: readonly string[]) {
    super(`Configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
