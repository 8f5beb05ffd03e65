import '@subledger/service-kit/require-node';

await import('./run-command.js');
