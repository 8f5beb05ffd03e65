import type { StreamReset } from '@subledger/contracts';
import type { Operation } from '../operations/operation.js';
import { operationView } from '../operations/operation-answers.js';
import { askerOf } from '../request/principal.js';
import type { MainChange, SubChange } from './changes-query.js';
import type { EventStream, StreamEvent } from './event-stream.js';

export const helloEvent = (resumed: boolean, heartbeatMs: number): StreamEvent => ({
  event: 'hello',
  data: { resumed, heartbeatMs },
});
export const resetEvent = (reason: StreamReset['reason']): StreamEvent => ({
  event: 'reset',
  data: { reason },
});
export const mainEvent = ({ view }: MainChange): StreamEvent => ({ event: 'main-account', data: view });
export const subEvent = ({ view }: SubChange): StreamEvent => ({ event: 'sub-account', data: view });

/** A sub-account as `GET /v1/me` answers: all that its own stream ever shows. */
export function ownEvent({ view }: SubChange, main: MainChange): StreamEvent {
  const { id, name } = main.view;
  return {
    event: 'sub-account',
    data: { ...view, mainAccount: { id, name, timeZone: main.timeZone } },
  };
}

/** Those that `GET /v1/operations/{id}` would show to the stream's reader; on the stream of all, operators' own. */
export function operationEvents(
  { principal, topic }: Pick<EventStream, 'principal' | 'topic'>,
  operations: readonly Operation[],
  publicUrl: string,
): StreamEvent[] {
  const mine = askerOf(principal);
  const isShown = ({ asker }: Operation) =>
    asker === mine || (topic.kind === 'main' && principal.who === 'operator');
  return operations
    .filter(isShown)
    .map((operation) => ({ event: 'operation', data: operationView(operation, publicUrl) }));
}
