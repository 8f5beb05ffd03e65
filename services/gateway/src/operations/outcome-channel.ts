/** PostgreSQL channel for finished operations and all other notices between instances. */
export const OUTCOME_CHANNEL = 'gateway_outcomes';
