import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import Cluster from 'kafkajs/src/cluster/index.js';
import { rememberTransactionCoordinators } from './transaction-coordinator.js';

const TRANSACTION = 1;
const find = Cluster.prototype.findGroupCoordinator;
const libraryFind = jest.fn<typeof find>();

type Answer = 'done' | string;

/** A cluster whose brokers give these answers to `endTxn`, one after the other: `done`, or an error's type. */
function clusterWith(answers: Answer[]) {
  const asked: string[] = [];
  const broker = (nodeId: string) => ({
    nodeId,
    endTxn: async () => {
      asked.push(nodeId);
      const type = answers.shift() ?? 'done';
      if (type !== 'done') throw Object.assign(new Error(type), { type });
      return type;
    },
  });
  let found = 0;
  const cluster = {
    findBroker: jest.fn(async ({ nodeId }: { nodeId: string }) => broker(nodeId)),
    found: () => found,
    asked,
  };
  libraryFind.mockImplementation(async () => {
    found += 1;
    return broker(`node-${found}`);
  });
  const endTxn = async () => {
    const coordinator = await Cluster.prototype.findGroupCoordinator.call(cluster as never, {
      groupId: 'lane-1',
      coordinatorType: TRANSACTION,
    });
    return (coordinator as { endTxn(args: object): Promise<unknown> }).endTxn({});
  };
  return { ...cluster, endTxn };
}

beforeAll(() => {
  Cluster.prototype.findGroupCoordinator = libraryFind;
  rememberTransactionCoordinators();
});

describe('the coordinator of a transactional id', () => {
  test('is looked up once', async () => {
    const { endTxn, found, asked } = clusterWith([]);
    for (let i = 0; i < 3; i += 1) expect(await endTxn()).toBe('done');
    expect([found(), asked]).toEqual([1, ['node-1', 'node-1', 'node-1']]);
  });

  test('is remembered for one cluster only', async () => {
    await clusterWith([]).endTxn();
    const { endTxn, found } = clusterWith([]);
    await endTxn();
    expect(found()).toBe(1);
  });

  test('is tried again while it is busy with the previous transaction', async () => {
    const { endTxn, found, asked } = clusterWith(['CONCURRENT_TRANSACTIONS', 'CONCURRENT_TRANSACTIONS']);
    expect(await endTxn()).toBe('done');
    expect([found(), asked.length]).toEqual([1, 3]);
  });

  test('is left to kafkajs when it stays busy', async () => {
    const { endTxn, asked } = clusterWith(Array<Answer>(100).fill('CONCURRENT_TRANSACTIONS'));
    await expect(endTxn()).rejects.toMatchObject({ type: 'CONCURRENT_TRANSACTIONS' });
    expect(asked.length).toBeLessThan(20);
  });

  test('is looked up again after it moved, once', async () => {
    const moved = clusterWith(['done', 'NOT_COORDINATOR_FOR_GROUP']);
    await moved.endTxn();
    expect(await moved.endTxn()).toBe('done');
    expect(moved.asked).toEqual(['node-1', 'node-1', 'node-2']);

    const restless = clusterWith(['NOT_COORDINATOR_FOR_GROUP', 'NOT_COORDINATOR_FOR_GROUP']);
    await expect(restless.endTxn()).rejects.toMatchObject({ type: 'NOT_COORDINATOR_FOR_GROUP' });
  });

  test.each(['INVALID_PRODUCER_EPOCH', 'REQUEST_TIMED_OUT'])('is not tried twice after %s', async (type) => {
    const { endTxn, found, asked } = clusterWith([type]);
    await expect(endTxn()).rejects.toMatchObject({ type });
    expect(asked).toEqual(['node-1']);
    await endTxn();
    expect(found()).toBe(2);
  });

  test('is looked up again when its broker cannot be reached', async () => {
    const { endTxn, found, asked, findBroker } = clusterWith([]);
    await endTxn();
    findBroker.mockRejectedValueOnce(new Error('gone'));
    expect(await endTxn()).toBe('done');
    expect([found(), asked]).toEqual([2, ['node-1', 'node-2']]);
  });

  test('of a consumer group is looked up by kafkajs', async () => {
    libraryFind.mockClear();
    libraryFind.mockResolvedValue({ nodeId: 'x' });
    const wanted = { groupId: 'g', coordinatorType: 0 };
    for (let i = 0; i < 2; i += 1) await Cluster.prototype.findGroupCoordinator.call({} as never, wanted);
    expect(libraryFind).toHaveBeenCalledTimes(2);
  });
});
