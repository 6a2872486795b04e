/** What is wrong about a command itself: nothing was asked of a server. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
