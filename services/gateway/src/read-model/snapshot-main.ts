/** A main account of which every part has come, and the position of the first: all that the parts have is as new. */
export interface SnapshotMain {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
}
