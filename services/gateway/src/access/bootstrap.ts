import type { GatewayConfig } from '../config.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import { hashApiKey } from './api-key.js';
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

async function putOperator(prisma: PrismaClient, login: string | undefined, password: string | undefined) {
  if (login === undefined || password === undefined) return;
  const loginKey = login.toLowerCase();
  const there = await prisma.login.findUnique({ where: { loginKey } });
  if (there !== null && there.kind !== 'operator')
    throw new Error('OPERATOR_LOGIN is the login of a main account');
  // A second instance or start must not change the hash, which would end the operator's sessions. And whoever changed
  // the password since keeps it, until the configuration says another one.
  const configured = there?.configuredHash ?? there?.passwordHash;
  if (configured !== undefined && (await verifyPassword(configured, password))) {
    await prisma.login.updateMany({
      where: { loginKey, configuredHash: null },
      data: { configuredHash: configured },
    });
    return;
  }
  const passwordHash = await hashPassword(password);
  await prisma.login.upsert({
    where: { loginKey },
    create: { loginKey, login, kind: 'operator', passwordHash, configuredHash: passwordHash },
    update: { passwordHash, configuredHash: passwordHash, updatedAt: new Date() },
  });
}
