import type { LanesPorts } from '@subledger/ledger/engine';
import type { World } from '../world/world.js';

/** A log whose lines become the run's trace, and whose warnings count as covered. */
export function tracingLog(world: World, name: string): LanesPorts['log'] {
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      const { err, ...rest } = fields as { err?: unknown };
      const cause = err === undefined ? '' : ` (${err instanceof Error ? err.message : String(err)})`;
      if (level !== 'debug') world.cover(`log:${message}`);
      if ('state' in rest) world.cover(`lane:${String(rest.state)}`);
      if (message.startsWith('lane stopped')) world.cover('lane:broken');
      world.trace(`${name} ${message} ${JSON.stringify(rest)}${cause}`);
    };
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return log as unknown as LanesPorts['log'];
}

/** Metrics that nobody reads. */
export function silentMetrics(): LanesPorts['metrics'] {
  const metric = { inc() {}, set() {}, observe() {}, reset() {}, remove() {} };
  return new Proxy({}, { get: () => metric }) as LanesPorts['metrics'];
}
