import type { Answer } from './idempotency.js';

/** 200 with a body. */
export const ok = (body: unknown): Answer => ({ status: 200, body });
