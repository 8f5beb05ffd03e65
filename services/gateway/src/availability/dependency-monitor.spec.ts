import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Logger } from '@subledger/service-kit';
import { DependencyMonitor } from './dependency-monitor.js';

const silent = { warn() {}, error() {}, info() {}, debug() {} } as unknown as Logger;

/** Probes of the database that end when the test says so, in the order of their begin. */
function setUp() {
  const probes: PromiseWithResolvers<void>[] = [];
  const monitor = new DependencyMonitor(
    {
      everyMs: 60_000,
      timeoutMs: 60_000,
      probeDatabase: () => {
        const probe = Promise.withResolvers<void>();
        probes.push(probe);
        return probe.promise;
      },
      probeBroker: async () => undefined,
    },
    silent,
  );
  const nextTick = () => new Promise((resolve) => setImmediate(resolve));
  return { monitor, probes, nextTick };
}

describe('DependencyMonitor', () => {
  let monitor: DependencyMonitor | undefined;
  afterEach(() => monitor?.close());

  it('is lost when two probes in a row failed, and back with the next good one', async () => {
    const { probes, nextTick, ...parts } = setUp();
    monitor = parts.monitor;
    const started = monitor.start();
    probes[0]?.reject(new Error('gone'));
    await nextTick();
    probes[1]?.reject(new Error('gone'));
    await started;
    expect(() => monitor?.requireDatabase()).toThrow('service-unavailable');
    monitor.databaseLost(new Error('a request'));
    // While it is lost one failure is enough to leave it so.
    probes[2]?.reject(new Error('still gone'));
    await nextTick();
    expect(probes).toHaveLength(3);
    expect(() => monitor?.requireDatabase()).toThrow('service-unavailable');
    monitor.databaseLost(new Error('a request'));
    probes[3]?.resolve();
    await nextTick();
    expect(() => monitor?.requireDatabase()).not.toThrow();
  });

  it('does not take its own standstill for an outage: one probe that is late is followed by another at once', async () => {
    jest.useFakeTimers();
    try {
      const late = Promise.withResolvers<void>();
      let probes = 0;
      monitor = new DependencyMonitor(
        {
          everyMs: 60_000,
          timeoutMs: 20,
          probeDatabase: async () => {
            probes += 1;
            if (probes === 1) await late.promise;
          },
          probeBroker: async () => undefined,
        },
        silent,
      );
      const started = monitor.start();
      // Its timer is over before it reads the answer.
      jest.advanceTimersByTime(20);
      late.resolve();
      await started;
      expect(probes).toBe(2);
      expect(() => monitor?.requireDatabase()).not.toThrow();
    } finally {
      jest.useRealTimers();
    }
  });

  it('has one probe under way, so that an old one cannot overrule a newer one', async () => {
    const { probes, nextTick, ...parts } = setUp();
    monitor = parts.monitor;
    void monitor.start();
    // Requests that fail while the first probe still hangs ask for one more, not for one each.
    monitor.databaseLost(new Error('a request'));
    monitor.databaseLost(new Error('another request'));
    expect(probes).toHaveLength(1);
    for (const index of [0, 1]) {
      probes[index]?.reject(new Error('begun while it was gone'));
      await nextTick();
    }
    expect(probes).toHaveLength(3);
    probes[2]?.resolve();
    await nextTick();
    expect(() => monitor?.requireDatabase()).not.toThrow();
    expect(probes).toHaveLength(3);
  });
});
