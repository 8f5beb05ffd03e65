import type { Fleet } from '../process/fleet.js';
import type { World } from './world.js';

/** A fault of a process or server, as a step of the run. */
type Trouble = (world: World, fleet: Fleet) => void;

const anyRunning = (world: World, fleet: Fleet) =>
  fleet.running.length > 0 ? world.random.pick(fleet.running) : null;

const goAway =
  (server: 'database' | 'broker'): Trouble =>
  (world) => {
    if (world.away.has(server)) return;
    const ms = world.random.chance(0.2) ? world.random.int(5_000, 40_000) : world.random.int(50, 3_000);
    world.away.add(server);
    world.cover(`fault:${server} away`);
    world.trace(`${server} away for ${ms} ms`);
    world.scheduler.after(ms, { name: 'servers', state: 'alive' }, () => {
      world.away.delete(server);
      world.trace(`${server} back`);
    });
  };

const TROUBLES: readonly (readonly [weight: number, name: string, trouble: Trouble])[] = [
  [
    4,
    'kill',
    (world, fleet) => {
      const process = anyRunning(world, fleet);
      if (process) fleet.kill(process, 'at random');
    },
  ],
  [
    4,
    'pause',
    (world, fleet) => {
      const process = anyRunning(world, fleet);
      const ms = world.random.chance(0.5) ? world.random.int(100, 9_000) : world.random.int(10_500, 60_000);
      if (process) fleet.pause(process, ms);
    },
  ],
  [
    3,
    'stop',
    (world, fleet) => {
      const process = anyRunning(world, fleet);
      if (process) void fleet.stop(process);
    },
  ],
  [8, 'rebalance', (_, fleet) => fleet.rebalance()],
  [3, 'forgotten member', (_, fleet) => fleet.forgetMember()],
  [2, 'database away', goAway('database')],
  [2, 'broker away', goAway('broker')],
];
const TOTAL = TROUBLES.reduce((sum, [weight]) => sum + weight, 0);

export function makeTrouble(world: World, fleet: Fleet): void {
  let left = world.random.next() * TOTAL;
  for (const [weight, name, trouble] of TROUBLES) {
    left -= weight;
    if (left >= 0) continue;
    world.cover(`trouble:${name}`);
    trouble(world, fleet);
    return;
  }
}
