/** A server that refuses what is to be set up: its message says what and how, and is shown without a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
