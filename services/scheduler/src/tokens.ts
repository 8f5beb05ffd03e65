/** Injection token of `Resources`. */
export const RESOURCES = Symbol('scheduler-resources');
