import type { MainAccountView, SubAccountView } from '@subledger/contracts';
import { type GatewayClient, GatewayRefusal } from '@subledger/gateway-client';
import { type DemoContext, until } from './context.js';

export interface NewCustomer {
  readonly name: string;
  readonly login: string;
}

/** Creates a customer. If the login is taken, a number is added to it. */
export async function createCustomer(
  { password }: DemoContext,
  operator: GatewayClient,
  { name, login }: NewCustomer,
): Promise<{ main: MainAccountView; login: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const unique = attempt === 1 ? login : `${login}-${attempt}`;
    try {
      const body = { name, plan: 'prepay', timeZone: 'Asia/Tokyo', login: unique, password };
      return { main: await operator.post<MainAccountView>('/v1/main-accounts', body), login: unique };
    } catch (error) {
      if (!(error instanceof GatewayRefusal) || error.code !== 'login-taken') throw error;
    }
  }
}

/** Customers whose name begins so, oldest first. */
export async function customersNamed(operator: GatewayClient, name: string): Promise<MainAccountView[]> {
  const found = await operator.list<MainAccountView>(
    `/v1/main-accounts?q=${encodeURIComponent(name)}&limit=200`,
  );
  return found.filter((one) => one.name.startsWith(name));
}

export const getMain = (api: GatewayClient, id: string): Promise<MainAccountView> =>
  api.get(`/v1/main-accounts/${id}`);

export const getSub = (api: GatewayClient, main: string, sub: string): Promise<SubAccountView> =>
  api.get(`/v1/main-accounts/${main}/sub-accounts/${sub}`);

/** Activates sub-accounts without a request of the customer, as an operator may. */
export async function activate(context: DemoContext, operator: GatewayClient, id: string): Promise<void> {
  await operator.post(`/v1/main-accounts/${id}/activation`, { decision: 'approve' });
  await until(
    context,
    'the activation',
    () => getMain(operator, id),
    (main) => main.feature === 'active',
  );
}

export function createSubAccount(
  { password }: DemoContext,
  api: GatewayClient,
  main: string,
  given: { readonly name: string; readonly limit: string },
): Promise<SubAccountView> {
  return api.post(`/v1/main-accounts/${main}/sub-accounts`, { ...given, password });
}
