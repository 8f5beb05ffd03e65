/**
 * Where an event stands among those of its main account. A generation begins when an operator resumes a lane after its
 * log or its books were set back; within one, sequences count up from 1.
 */
export interface EventPosition {
  readonly generation: number;
  readonly sequence: number | bigint;
}

/** @returns whether `a` comes after `b`; true where there is no `b` */
export function isNewer(a: EventPosition, b: EventPosition | undefined): boolean {
  if (b === undefined || a.generation !== b.generation) return b === undefined || a.generation > b.generation;
  return a.sequence > b.sequence;
}
