import { fork } from 'node:child_process';
import { withBench } from './bench.js';
import type { BenchEnvironment } from './environment.js';
import { atLeast, atMost, ratio, rounded } from './figures.js';
import { produce } from './produce.js';
import { UPSTREAM } from './settings.js';
import type { BareFigures, FeedFigures } from './upstream-parts.js';
import { limitRecords, profileRecords } from './upstream-records.js';

/**
 * The SDK's mirror of many sub-accounts: loading time, memory, and the cost of a check. Compared with a process that
 * only counts the same records, before and after.
 */
export async function benchUpstream(): Promise<Record<string, unknown>> {
  return withBench(async ({ environment, producer }) => {
    const { subAccounts } = UPSTREAM;
    await produce(producer, limitRecords(subAccounts));
    await produce(producer, profileRecords(subAccounts));
    const before = await runPart<BareFigures>(environment, 'upstream-bare');
    const feed = await runPart<FeedFigures>(environment, 'upstream-feed');
    const after = await runPart<BareFigures>(environment, 'upstream-bare');
    const floor = (before.recordsPerSecond + after.recordsPerSecond) / 2;
    return {
      subAccounts,
      recordsPerSecond: rounded(feed.recordsPerSecond),
      ratioToFloor: ratio(feed.recordsPerSecond, floor),
      loadingMemoryMb: rounded(feed.loadingMemoryMb),
      peakMemoryMb: rounded(feed.peakMemoryMb),
      checkNs: rounded(feed.checkNs),
      takeAndGiveBackNs: rounded(feed.takeNs),
      floor: {
        recordsPerSecond: rounded(floor),
        before: rounded(before.recordsPerSecond),
        after: rounded(after.recordsPerSecond),
        peakMemoryMb: rounded(before.peakMemoryMb),
      },
      targets: [
        atLeast('recordsPerSecond', rounded(feed.recordsPerSecond), UPSTREAM.recordsPerSecond),
        atMost('peakMemoryMb', rounded(feed.peakMemoryMb), UPSTREAM.memoryMb),
        atMost('checkNs', rounded(feed.checkNs), UPSTREAM.checkNs),
      ],
    };
  });
}

/** Runs a part as a process, and gets its figures. @throws Error when it ends without any */
function runPart<Figures>({ kafka }: BenchEnvironment, name: string): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1] as string, [name], {
      env: { ...process.env, KAFKA_BROKERS: kafka.brokers.join(',') },
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('message', (figures) => resolve(figures as Figures));
    child.once('exit', (code) => {
      process.off('exit', kill);
      reject(new Error(`${name} ended with code ${code} and without figures`));
    });
  });
}
