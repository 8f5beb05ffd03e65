import { parentPort } from 'node:worker_threads';

// All that Bree's worker does is to report that a minute has begun. The main thread queries the database for due work
// and for the leader. 'done' makes Bree end the worker.
parentPort?.postMessage('done');
