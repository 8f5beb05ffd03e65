export { ensureAllTopics, type TopicOptions } from './ensure-all-topics.js';
export { migrateServices } from './migrate-services.js';
export { SetupError } from './setup-error.js';
