/**
 * SQL of millipoints (not negative) as points, with at most 3 decimals and no trailing zeros.
 * @param millipoints SQL of a bigint; it occurs several times
 */
export const pointsSql = (millipoints: string): string => `CASE WHEN ${millipoints} % 1000 = 0
  THEN (${millipoints} / 1000)::text
  ELSE ${millipoints} / 1000 || '.' || rtrim(lpad((${millipoints} % 1000)::text, 3, '0'), '0') END`;
