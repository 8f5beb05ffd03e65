import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import { Health } from './health.js';
import { OpsServer } from './ops-server.js';

describe('Health', () => {
  let health: Health;
  beforeEach(() => {
    jest.useFakeTimers();
    health = new Health();
  });
  afterEach(() => {
    health.close();
    jest.useRealTimers();
  });

  it('is not ready before the start is done and every check has answered', async () => {
    health.register('database', async () => {});
    expect(health.readiness.checks).toEqual({ database: { ok: false, error: 'not checked yet' } });
    await jest.advanceTimersByTimeAsync(0);
    expect(health.readiness).toMatchObject({ ready: false, phase: 'starting' });
    health.markUp();
    expect(health.readiness).toEqual({ ready: true, phase: 'up', checks: { database: { ok: true } } });
    health.markStopping();
    expect(health.readiness.ready).toBe(false);
  });

  it('counts a hanging check as failed, aborts it, and repeats it', async () => {
    let hangs = true;
    let aborted = false;
    health.markUp();
    health.register(
      'kafka',
      (signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return hangs ? new Promise(() => {}) : Promise.resolve();
      },
      { timeoutMs: 500, everyMs: 100 },
    );
    await jest.advanceTimersByTimeAsync(499);
    expect(aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    expect(health.readiness.checks).toEqual({ kafka: { ok: false, error: 'no answer within 500 ms' } });
    expect(aborted).toBe(true);
    hangs = false;
    await jest.advanceTimersByTimeAsync(100);
    expect(health.readiness.ready).toBe(true);
  });

  it('reports a check that fails, synchronously too, and one that recovers', async () => {
    let error: Error | undefined = new Error('no route');
    health.markUp();
    health.register('database', () => {
      if (error) throw error;
      return Promise.resolve();
    });
    await jest.advanceTimersByTimeAsync(0);
    expect(health.readiness.checks).toEqual({ database: { ok: false, error: 'no route' } });
    error = undefined;
    await jest.advanceTimersByTimeAsync(1_000);
    expect(health.readiness.ready).toBe(true);
  });

  it('answers from memory: a thousand questions run no check', async () => {
    const check = jest.fn(async () => {});
    health.register('database', check);
    await jest.advanceTimersByTimeAsync(0);
    for (let asked = 0; asked < 1_000; asked += 1) void health.readiness;
    expect(check).toHaveBeenCalledTimes(1);
  });

  it('keeps the first reason of death, and the dead are not ready', () => {
    health.markUp();
    expect(health.liveness).toEqual({ ok: true });
    health.failLiveness('consumer crashed');
    health.failLiveness('later');
    expect(health.liveness).toEqual({ ok: false, error: 'consumer crashed' });
    expect(health.readiness.ready).toBe(false);
  });

  it('refuses two checks of one name and forgets one that is taken out', async () => {
    health.register('a', () => new Promise(() => {}));
    expect(() => health.register('a', async () => {})).toThrow('already');
    health.unregister('a');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(health.readiness.checks).toEqual({});
  });
});

describe('OpsServer', () => {
  const health = new Health();
  const metrics = new Registry();
  const server = new OpsServer({ host: '127.0.0.1', port: 0, health, metrics });
  let url: string;

  beforeEach(async () => {
    url = `http://127.0.0.1:${await server.listen()}`;
  });
  afterEach(async () => {
    health.close();
    await server.close();
  });

  it('answers health, readiness with what fails, metrics, and 404', async () => {
    new Counter({ name: 'sample_total', help: 'x', registers: [metrics] }).inc();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const starting = await fetch(`${url}/readyz`);
    expect([starting.status, await starting.json()]).toEqual([
      503,
      { ready: false, phase: 'starting', failing: {} },
    ]);
    health.markUp();
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('sample_total 1');
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/healthz`, { method: 'POST' })).status).toBe(405);
    health.failLiveness('consumer crashed');
    const dead = await fetch(`${url}/readyz`);
    expect([dead.status, await dead.json()]).toEqual([
      503,
      { ready: false, phase: 'up', failing: { liveness: 'consumer crashed' } },
    ]);
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
  });
});
