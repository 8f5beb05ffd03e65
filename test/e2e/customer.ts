import type { MainAccountView, SubAccountView, TransferLine } from '@subledger/contracts';
import { type GatewayClient } from '@subledger/gateway-client';
import { type TestSystem } from '@subledger/testing';

export interface Customer {
  readonly id: string;
  /** `/v1/main-accounts/<id>`. */
  readonly path: string;
  /** The API with the customer's own key. */
  readonly api: GatewayClient;
}

/** A prepay customer with points and sub-accounts switched on, and a key of its own. */
export async function makeCustomer(system: TestSystem, points: string): Promise<Customer> {
  const { operator } = system;
  const main = await operator.post<MainAccountView>('/v1/main-accounts', { name: 'E2E', plan: 'prepay' });
  const path = `/v1/main-accounts/${main.id}`;
  if (points !== '0') await operator.post<TransferLine>(`${path}/purchases`, { points, reference: 'E2E-1' });
  await operator.post(`${path}/activation`, { decision: 'approve' });
  const { key } = await operator.post<{ key: string }>(`${path}/api-keys`, {
    name: 'e2e',
    scopes: ['read', 'write'],
  });
  return { id: main.id, path, api: operator.as(key) };
}

export const makeSub = ({ api, path }: Customer, name: string, limit: string): Promise<SubAccountView> =>
  api.post(`${path}/sub-accounts`, { name, password: 'Marmot7Lantern', limit });

export const mainOf = ({ api, path }: Customer): Promise<MainAccountView> => api.get(path);
export const subOf = ({ api, path }: Customer, id: string): Promise<SubAccountView> =>
  api.get(`${path}/sub-accounts/${id}`);
export const transfersOf = ({ api, path }: Customer, sub: string): Promise<TransferLine[]> =>
  api.list(`${path}/sub-accounts/${sub}/transfers?order=asc`);
