export { Books } from './books.js';
export { decide, isRollDue } from './decide.js';
export { aim, allocated, available, granted, shortfall, statusOf } from './derive.js';
export type * from './input.js';
export type * from './outcome.js';
export { onlyMain } from './outcome.js';
export * from './period.js';
export { formatPoints, millipoints, type Points, parsePoints, wholePoints, ZERO } from './points.js';
export type * from './state.js';
