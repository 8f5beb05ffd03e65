import type { GatewayConfig } from '../config.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import type { Transaction } from '../operations/write-runner.js';
import { hashApiKey } from './api-key.js';
import { loginKeyOf } from './login-key.js';
import { hashPassword, verifyPassword } from './passwords.js';

/** Makes the credentials of the configuration valid, and those that it had before invalid. Safe to repeat. */
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
 * One at a time: instances that start together would hash the same password twice, and the second hash would end the
 * sessions that were made with the first. Without a login or a password there is no configured operator.
 */
async function putOperator(prisma: PrismaClient, login: string | undefined, password: string | undefined) {
  await prisma.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gateway.configured-operator'))`;
    const configured = login === undefined || password === undefined ? undefined : { login, password };
    if (configured) await putConfigured(tx, configured);
    const loginKey = loginKeyOf(configured?.login ?? '');
    const former = { kind: 'operator', loginKey: { not: loginKey } };
    const gone = await tx.login.findMany({
      where: { ...former, isConfigured: true },
      select: { loginKey: true },
    });
    const loginKeys = gone.map((row) => row.loginKey);
    await tx.session.deleteMany({ where: { kind: 'operator', loginKey: { in: loginKeys } } });
    await tx.login.deleteMany({ where: { loginKey: { in: loginKeys } } });
  });
}

/** @throws Error where the login is that of a main account, or of an operator who is not the configured one */
async function putConfigured(tx: Transaction, { login, password }: { login: string; password: string }) {
  const loginKey = loginKeyOf(login);
  const there = await tx.login.findUnique({ where: { loginKey } });
  if (there && there.kind !== 'operator') throw new Error('OPERATOR_LOGIN is the login of a main account');
  if (there && !there.isConfigured) throw new Error('OPERATOR_LOGIN is the login of another operator');
  // A second instance or start must not change the hash, which would end the operator's sessions. And whoever changed
  // the password since keeps it, until the configuration says another one.
  const configured = there?.configuredHash ?? there?.passwordHash;
  if (configured !== undefined && (await verifyPassword(configured, password))) {
    await tx.login.update({ where: { loginKey }, data: { login, configuredHash: configured } });
    return;
  }
  const passwordHash = await hashPassword(password);
  const data = { login, passwordHash, configuredHash: passwordHash, updatedAt: new Date() };
  await tx.login.upsert({
    where: { loginKey },
    create: { ...data, loginKey, kind: 'operator', isConfigured: true },
    update: data,
  });
}
