/** PostgreSQL channel of finished operations, and of what else all instances are told. */
export const OUTCOME_CHANNEL = 'gateway_outcomes';
