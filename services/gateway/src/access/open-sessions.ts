import { randomBytes } from 'node:crypto';
import type { Logger } from '@subledger/service-kit';
import { RefusedEntries } from '../audit/refused-entries.js';
import type { GatewayConfig } from '../config.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { Credentials } from './credentials.js';
import { DEVICE_DAYS, KnownDevices } from './known-devices.js';
import { LoginAttempts } from './login-attempts.js';
import { LoginEntries } from './login-entries.js';
import { hashPassword } from './passwords.js';
import { DeviceCookie, SessionCookie } from './session-cookie.js';
import { SessionStore } from './session-store.js';
import type { SessionParts } from './sessions.service.js';

/** Connects the parts of sessions. */
export async function openSessions(
  prisma: PrismaClient,
  config: GatewayConfig,
  publicUrl: string,
  log: Logger,
): Promise<SessionParts> {
  return {
    prisma,
    credentials: new Credentials(prisma),
    attempts: new LoginAttempts(prisma, {
      perNetwork: config.LOGIN_ATTEMPTS_PER_NETWORK,
      perAccount: config.LOGIN_ATTEMPTS_PER_ACCOUNT,
      perAddress: config.LOGIN_ATTEMPTS_PER_ADDRESS,
      firstDelayMs: config.LOGIN_DELAY_FIRST_MS,
      maxDelayMs: config.LOGIN_DELAY_MAX_MS,
      windowMs: config.LOGIN_WINDOW_MS,
    }),
    store: new SessionStore(prisma, { idleMs: config.SESSION_IDLE_MS, maxMs: config.SESSION_MAX_MS }),
    cookie: new SessionCookie(publicUrl),
    devices: new KnownDevices(prisma),
    deviceCookie: new DeviceCookie(publicUrl, DEVICE_DAYS),
    entries: new LoginEntries(prisma, log),
    refused: new RefusedEntries(prisma, log),
    decoyHash: await hashPassword(randomBytes(32).toString('base64url')),
  };
}
