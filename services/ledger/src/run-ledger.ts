import 'reflect-metadata';
import { runService } from '@subledger/service-kit';
import { startLedger } from './app/start-ledger.js';
import { ledgerConfig } from './config.js';

await runService({ name: 'ledger', configSchema: ledgerConfig, start: startLedger });
