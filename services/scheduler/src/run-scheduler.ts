import { runService } from '@subledger/service-kit';
import { schedulerConfig } from './config.js';
import { startScheduler } from './start-scheduler.js';

await runService({ name: 'scheduler', configSchema: schedulerConfig, start: startScheduler });
