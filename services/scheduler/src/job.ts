import '@subledger/service-kit/require-node';

await import('./run-job-once.js');
