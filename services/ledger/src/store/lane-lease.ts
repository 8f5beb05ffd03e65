/** Another owner has the lane, so this one must neither write nor publish. */
export class LaneFencedError extends Error {
  override readonly name = 'LaneFencedError';
  constructor(readonly lane: number) {
    super(`Lane ${lane} has a newer owner`);
  }
}

/** The right to write a lane until another owner raises its epoch. */
export interface Lease {
  readonly lane: number;
  readonly epoch: bigint;
  readonly generation: number;
}
