export { startLedger } from './app/start-ledger.js';
export { type LedgerConfig, ledgerConfig } from './config.js';
