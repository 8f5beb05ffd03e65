import type { MainAccountView, SubAccountView } from '@subledger/contracts';
import type { TestSystem } from '@subledger/testing';

const PASSWORD = 'Fuzzing12345';
const SENDER_NUMBERS = ['+815012345678', '+815087654321', '+815011112222'];

/** A caller for Schemathesis, and what `hooks.py` needs to know of the system, as JSON. */
export interface FuzzCaller {
  readonly url: string;
  readonly role: 'operator' | 'main' | 'sub' | 'upstream';
  /** A key, or else a login. */
  readonly key?: string;
  readonly login?: Readonly<Record<string, string>>;
  /** A valid login, for callers without their own. */
  readonly someLogin: Readonly<Record<string, string>>;
  readonly mainAccountId: string;
  readonly subAccountIds: readonly string[];
  /** One that there is. */
  readonly timeZone: string;
}

/** Customers with points, sub-accounts, numbers, keys and pages of statements, and a caller of every kind. */
export async function seedCallers(system: TestSystem): Promise<FuzzCaller[]> {
  const { operator } = system;
  const main = await operator.post<MainAccountView>('/v1/main-accounts', {
    name: 'Fuzz',
    plan: 'prepay',
    login: 'fuzz-main',
    password: PASSWORD,
  });
  const path = `/v1/main-accounts/${main.id}`;
  await operator.post(`${path}/activation`, { decision: 'approve' });
  for (const points of ['1000000', '250.5', '3'])
    await operator.post(`${path}/purchases`, { points, reference: 'fuzz' });
  await operator.call('PUT', `${path}/sender-numbers`, { body: { senderNumbers: SENDER_NUMBERS } });
  const subs: SubAccountView[] = [];
  for (const name of ['FuzzOne', 'FuzzTwo', 'FuzzThree', 'FuzzFour']) {
    subs.push(
      await operator.post<SubAccountView>(`${path}/sub-accounts`, {
        name,
        password: PASSWORD,
        limit: '1000',
        senderNumbers: SENDER_NUMBERS.slice(0, 1),
      }),
    );
  }
  for (let at = 0; at < 3; at += 1)
    await operator.post(`${path}/api-keys`, { name: `fuzz ${at}`, scopes: ['read', 'write'] });
  await operator.as(system.upstreamKey).post(`${path}/holds`, {
    subAccountId: subs[0]?.id,
    messageId: 'fuzz-1',
    points: '2',
  });
  const mainLogin = { login: 'fuzz-main', password: PASSWORD };
  const common = {
    url: system.gatewayUrl,
    someLogin: mainLogin,
    mainAccountId: main.id,
    subAccountIds: subs.map(({ id }) => id),
    timeZone: 'Europe/Berlin',
  };
  const subLogin = {
    mainAccount: main.loginUrl.split('/').at(-1) ?? '',
    subAccount: 'FuzzFour',
    password: PASSWORD,
  };
  // In this order, because requests of the operator and the customer may end the credentials of the callers before.
  return [
    { ...common, role: 'sub', login: subLogin },
    { ...common, role: 'upstream', key: system.upstreamKey },
    { ...common, role: 'main', login: mainLogin },
    { ...common, role: 'operator', key: system.operatorKey },
  ];
}
