import { parentPort } from 'node:worker_threads';

// All that Bree's worker does: say that a minute has begun. What is due, and whether it is this replica's to do, is
// asked of the database in the main thread. 'done' is Bree's own word for "take the worker away".
parentPort?.postMessage('done');
