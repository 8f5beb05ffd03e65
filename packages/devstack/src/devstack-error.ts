/** Something that the user can put right: its message says what and how, and is shown without a stack. */
export class DevstackError extends Error {
  override readonly name = 'DevstackError';
}
