import { Prisma } from '../generated/prisma/client.js';

/**
 * SQL of a text in the form that searches compare: case, width (`ＡＢＣ`, `ﾃｽﾄ`) and notation of accents make no
 * difference (NFKC, then Unicode case folding). It uses its own collation, because the database's may know the case
 * of ASCII only.
 */
const folded = (text: Prisma.Sql): Prisma.Sql =>
  Prisma.sql`casefold(normalize(${text}, NFKC) COLLATE "pg_unicode_fast")`;

/** Whether a text contains another one. */
export function contains(text: Prisma.Sql, part: string): Prisma.Sql {
  // Normalized before wildcards are escaped: a full-width percent sign becomes one only by normalization.
  const pattern = `%${part.normalize('NFKC').replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  return Prisma.sql`${folded(text)} LIKE ${folded(Prisma.sql`${pattern}::text`)}`;
}
