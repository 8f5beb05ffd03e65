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

/** A sub-account in the form of `GET /v1/me`: the only content of its own stream. */
export function ownEvent({ view }: SubChange, main: MainChange): StreamEvent {
  const { id, name } = main.view;
  return {
    event: 'sub-account',
    data: { ...view, mainAccount: { id, name, timeZone: main.timeZone } },
  };
}

/**
 * Operations that `GET /v1/operations/{id}` would show to the stream's reader. The stream of all accounts has
 * operators' own operations.
 */
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
