import { TOPICS } from '@subledger/contracts';
import { POISON } from '../process/ledger-process.js';
import type { Simulation } from '../simulation.js';
import type { Evidence } from './evidence.js';

/** What a run leaves behind for the auditor. */
export function evidenceOf({ broker, database, disasters, settings, world }: Simulation): Evidence {
  const logs = (topic: string) =>
    broker.logsOf(topic).map((log) => [...log.former.flat(), ...log.committed()]);
  return {
    partitions: broker.partitionCount,
    commands: logs(TOPICS.commands),
    messages: logs(TOPICS.messages),
    events: logs(TOPICS.events),
    limits: logs(TOPICS.limits),
    deadLetters: logs(TOPICS.deadLetters),
    tables: database.tables,
    lost: disasters.lost,
    undone: disasters.undone,
    resumptions: disasters.resumptions,
    endedAt: world.scheduler.now,
    tombstoneGraceMs: settings.tombstoneGraceMs,
    allowEarlyRoll: settings.allowEarlyRoll,
    poison: POISON,
  };
}
