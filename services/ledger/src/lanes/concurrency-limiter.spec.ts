import { describe, expect, it } from '@jest/globals';
import { ConcurrencyLimiter } from './concurrency-limiter.js';

/** Works that end when told to. */
function setUp(places: number) {
  const limiter = new ConcurrencyLimiter(places);
  const entered: string[] = [];
  const enter = (name: string, weight = 1) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const work = () => {
      entered.push(name);
      return promise;
    };
    const done = limiter.run(work, () => weight);
    return { leave: resolve, fail: reject, done };
  };
  return { limiter, entered, enter };
}

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('ConcurrencyLimiter', () => {
  it('lets in what fits, in the order of coming', async () => {
    const { entered, enter } = setUp(10);
    const first = enter('large', 8);
    enter('other large', 8);
    enter('small', 1);
    await nextTick();
    // The small one would fit, but another one came before it.
    expect(entered).toEqual(['large']);
    first.leave();
    await nextTick();
    expect(entered).toEqual(['large', 'other large', 'small']);
  });

  it('lets in alone what is heavier than all places', async () => {
    const { entered, enter } = setUp(10);
    const light = enter('light', 1);
    const heavy = enter('heavy', 1_000);
    enter('after it', 1);
    await nextTick();
    expect(entered).toEqual(['light']);
    light.leave();
    await nextTick();
    expect(entered).toEqual(['light', 'heavy']);
    heavy.leave();
    await nextTick();
    expect(entered).toEqual(['light', 'heavy', 'after it']);
  });

  it('gives places on after a failure', async () => {
    const { entered, enter } = setUp(1);
    const first = enter('first');
    enter('second');
    first.fail(new Error('no'));
    await expect(first.done).rejects.toThrow('no');
    await nextTick();
    expect(entered).toEqual(['first', 'second']);
  });

  it('weighs at the moment of entering', async () => {
    const limiter = new ConcurrencyLimiter(2);
    let queued = 1;
    const first = Promise.withResolvers<void>();
    void limiter.run(() => first.promise);
    const heavy = Promise.withResolvers<void>();
    const entered: string[] = [];
    void limiter.run(
      () => {
        entered.push('grown');
        return heavy.promise;
      },
      () => queued,
    );
    await nextTick();
    expect(entered).toEqual(['grown']);
    queued = 2;
    void limiter.run(
      async () => void entered.push('waits'),
      () => queued,
    );
    first.resolve();
    await nextTick();
    expect(entered).toEqual(['grown']);
    heavy.resolve();
    await nextTick();
    expect(entered).toEqual(['grown', 'waits']);
  });
});
