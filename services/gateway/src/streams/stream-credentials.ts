import { hashApiKey, toKeyId } from '../access/api-key.js';
import type { SessionStore } from '../access/session-store.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { EventStream } from './event-stream.js';

/** Checks whether the key or session of a stream is still valid. A stream does not keep a session alive. */
export class StreamCredentials {
  constructor(
    private readonly prisma: Pick<PrismaClient, 'apiKey'>,
    private readonly sessions: Pick<SessionStore, 'liveIds'>,
  ) {}

  /** @param keyId by `toKeyId` */
  isKey({ principal }: EventStream, keyId: string): boolean {
    return principal.session === undefined && keyIdOf(principal) === keyId;
  }

  /**
   * One query for all sessions, and one for all keys.
   * @throws the database's error
   */
  async ended(streams: Iterable<EventStream>): Promise<EventStream[]> {
    const all = [...streams];
    const bySession = all.filter(({ principal }) => principal.session !== undefined);
    const byKey = all.filter(({ principal }) => principal.session === undefined);
    const sessions = await this.sessions.liveIds(idsOf(bySession));
    const keys = await this.prisma.apiKey.findMany({
      where: { id: { in: idsOf(byKey) }, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] },
      select: { id: true, keyHash: true },
    });
    // Compares the hash too, because the configuration may have given an operator's key another value.
    const valid = new Set(keys.map(({ id, keyHash }) => `${id} ${toKeyId(keyHash)}`));
    return [
      ...bySession.filter(({ principal }) => !sessions.has(principal.credentialId)),
      ...byKey.filter(({ principal }) => !valid.has(`${principal.credentialId} ${keyIdOf(principal)}`)),
    ];
  }
}

const keyIdOf = ({ secret }: { readonly secret: string }): string => toKeyId(hashApiKey(secret));
const idsOf = (streams: readonly EventStream[]): string[] => [
  ...new Set(streams.map(({ principal }) => principal.credentialId)),
];
