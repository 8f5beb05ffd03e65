/** Where an event stands among those of its main account, and when it was. */
export interface Position {
  readonly mainAccountId: string;
  readonly generation: number;
  readonly sequence: number;
  readonly at: string;
}
