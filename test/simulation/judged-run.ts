import { audit, type Findings } from './auditor/audit.js';
import { evidenceOf } from './auditor/evidence-of.js';
import { comparePlainRun } from './plain-run.js';
import { Simulation, type SimulationOptions } from './simulation.js';

export interface Outcome {
  readonly simulation: Simulation;
  /** Null where the run failed. */
  readonly findings: Findings | null;
  readonly error: Error | null;
}

/** A run, its audit, and the comparison with the plain run. Never throws: a failure is its outcome. */
export async function runAndJudge(options: SimulationOptions): Promise<Outcome> {
  const simulation = new Simulation(options);
  try {
    await simulation.run();
    const findings = audit(evidenceOf(simulation));
    await comparePlainRun(simulation);
    return { simulation, findings, error: null };
  } catch (error) {
    return { simulation, findings: null, error: error as Error };
  }
}
