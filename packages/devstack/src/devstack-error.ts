/** A problem that the user can solve. The message says what is wrong and what to do, and is shown without a stack. */
export class DevstackError extends Error {
  override readonly name = 'DevstackError';
}
