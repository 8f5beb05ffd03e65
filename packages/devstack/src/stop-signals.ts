/** The signals that ask us to end: Ctrl-C, a supervisor, a closed terminal. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A held Ctrl-C, or one that npm also passes on, counts once. */
const SAME_WISH_MS = 500;

export interface StopSignals {
  /** Resolves at the first signal, with its name. */
  readonly first: Promise<NodeJS.Signals>;
  /** Lets signals end the process again. */
  release(): void;
}

/**
 * Handles the signals that end a process: the first one resolves `first`, a later one calls `onSecond`.
 */
export function stopSignals(onSecond: () => void): StopSignals {
  let firstAt: number | undefined;
  let resolveFirst: (signal: NodeJS.Signals) => void = () => {};
  const first = new Promise<NodeJS.Signals>((resolve) => {
    resolveFirst = resolve;
  });
  const handler = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      resolveFirst(signal);
    } else if (now - firstAt > SAME_WISH_MS) {
      onSecond();
    }
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return {
    first,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, handler);
    },
  };
}
