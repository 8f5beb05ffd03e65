import type { GatewayConfig } from '../config.js';
import type { Transaction } from '../database/transaction.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { hashApiKey } from './api-key.js';
import { loginKeyOf } from './login-key.js';
import { hashPassword, verifyPassword } from './passwords.js';

/** Makes the configured credentials valid, and earlier configured ones invalid. Safe to repeat. */
export async function bootstrapCredentials(prisma: PrismaClient, config: GatewayConfig): Promise<void> {
  await putKey(prisma, 'ak_operator', 'Operator (configuration)', 'operator', config.OPERATOR_API_KEY);
  await putKey(prisma, 'ak_upstream', 'SMS service (configuration)', 'upstream', config.UPSTREAM_API_KEY);
  await putOperator(prisma, config.OPERATOR_LOGIN, config.OPERATOR_PASSWORD);
}

async function putKey(
  prisma: PrismaClient,
  id: string,
  name: string,
  scope: string,
  key: string | undefined,
) {
  if (key === undefined) {
    await prisma.apiKey.deleteMany({ where: { id } });
    return;
  }
  const keyHash = hashApiKey(key);
  await prisma.apiKey.upsert({
    where: { id },
    create: { id, name, scopes: [scope], keyHash },
    update: { keyHash, scopes: [scope] },
  });
}

/**
 * Instances that start together must agree on one hash, because a second hash would end the sessions made with the
 * first. Hashing takes seconds on a busy machine, so it is done outside of the transaction. If another instance was
 * faster, this one starts over. Without a configured login or password there is no configured operator.
 */
async function putOperator(prisma: PrismaClient, login: string | undefined, password: string | undefined) {
  const configured = login === undefined || password === undefined ? undefined : { login, password };
  for (;;) {
    const before = configured && (await findOperator(prisma, configured.login));
    const next = configured && { login: configured.login, hash: await hashOf(before, configured.password) };
    const isDone = await prisma.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gateway.configured-operator'))`;
      if (next) {
        const now = await findOperator(tx, next.login);
        if (knownHash(now) !== knownHash(before)) return false;
        await putConfigured(tx, next, now);
      }
      await dropFormer(tx, configured?.login ?? '');
      return true;
    });
    if (isDone) return;
  }
}

type Operator = Awaited<ReturnType<typeof findOperator>>;

/** @throws Error if the login belongs to a main account, or to an operator who is not the configured one */
async function findOperator(db: Pick<Transaction, 'login'>, login: string) {
  const there = await db.login.findUnique({ where: { loginKey: loginKeyOf(login) } });
  if (there && there.kind !== 'operator') throw new Error('OPERATOR_LOGIN is the login of a main account');
  if (there && !there.isConfigured) throw new Error('OPERATOR_LOGIN is the login of another operator');
  return there;
}

const knownHash = (operator: Operator | undefined): string | undefined =>
  operator?.configuredHash ?? operator?.passwordHash;

/**
 * A second instance or start must not change the hash, which would end the operator's sessions. A password that was
 * changed later stays valid until the configuration changes.
 */
async function hashOf(before: Operator | undefined, password: string): Promise<string> {
  const known = knownHash(before);
  return known !== undefined && (await verifyPassword(known, password)) ? known : hashPassword(password);
}

async function putConfigured(
  tx: Transaction,
  { login, hash }: { readonly login: string; readonly hash: string },
  now: Operator,
): Promise<void> {
  const loginKey = loginKeyOf(login);
  if (now && hash === knownHash(now)) {
    await tx.login.update({ where: { loginKey }, data: { login, configuredHash: hash } });
    return;
  }
  const data = { login, passwordHash: hash, configuredHash: hash, updatedAt: new Date() };
  await tx.login.upsert({
    where: { loginKey },
    create: { ...data, loginKey, kind: 'operator', isConfigured: true },
    update: data,
  });
}

/** Deletes configured operators with other logins, and their sessions. */
async function dropFormer(tx: Transaction, login: string): Promise<void> {
  const gone = await tx.login.findMany({
    where: { kind: 'operator', loginKey: { not: loginKeyOf(login) }, isConfigured: true },
    select: { loginKey: true },
  });
  const loginKeys = gone.map(({ loginKey }) => loginKey);
  await tx.session.deleteMany({ where: { kind: 'operator', loginKey: { in: loginKeys } } });
  await tx.login.deleteMany({ where: { loginKey: { in: loginKeys } } });
}
