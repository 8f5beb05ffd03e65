/**
 * SQL of millipoints (not negative) as points: at most 3 decimals, none that is a trailing 0.
 * @param millipoints SQL of a bigint; it stands there more than once
 */
export const pointsSql = (millipoints: string): string => `CASE WHEN ${millipoints} % 1000 = 0
  THEN (${millipoints} / 1000)::text
  ELSE ${millipoints} / 1000 || '.' || rtrim(lpad((${millipoints} % 1000)::text, 3, '0'), '0') END`;
