import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@subledger/simulator';
import { type Outcome, runAndJudge } from './judged-run.js';
import { failure } from './report.js';
import type { SimulationOptions } from './simulation.js';
import { NO_FAULTS } from './world/world.js';

const CALM: SimulationOptions = { seed: 3, steps: 6, rates: NO_FAULTS };
/** Every n-th of the places is tried, from one that chance picks; TEST_SEED repeats a run. */
const EVERY = 3;

async function judged(options: SimulationOptions): Promise<Outcome> {
  const outcome = await runAndJudge(options);
  if (outcome.error)
    throw new Error(`crash at ${options.crashAt}\n${failure(outcome)}`, { cause: outcome.error });
  return outcome;
}

describe('a process that is killed', () => {
  it('loses and doubles nothing, wherever it is between a request and its answer', async () => {
    const { simulation } = await judged(CALM);
    const points = simulation.pointCount;
    expect(points).toBeGreaterThan(200);
    const crashes = new Set<string>();
    const first = SeededRandom.announced('crash points').int(1, EVERY);
    for (let crashAt = first; crashAt <= points; crashAt += EVERY) {
      const outcome = await judged({ ...CALM, crashAt });
      for (const what of outcome.simulation.world.covered.keys())
        if (what.startsWith('crash:')) crashes.add(what.slice('crash:'.length));
    }
    for (const place of ['takeLane', 'writeBatch', 'publisher send', 'publisher commit'])
      for (const side of ['asked', 'answered']) expect(crashes).toContain(`${place} ${side}`);
    // Some 15 s of processor time: a machine that others use as well must not make it fail.
  }, 300_000);
});
