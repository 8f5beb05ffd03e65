import '@subledger/service-kit/require-node';

await import('./write-openapi.js');
