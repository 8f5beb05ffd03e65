/** The position of an event among those of its main account, and its time. */
export interface Position {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
  readonly at: string;
}
