/** What the caller can mend: a wrong option, a missing server. Its message is printed alone, without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
