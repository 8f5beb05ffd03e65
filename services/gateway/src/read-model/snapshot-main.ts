/**
 * A main account of which every part has arrived, and the position of the first part. All parts are at least as new.
 */
export interface SnapshotMain {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
}
