import { type GatewayClient } from '@subledger/gateway-client';

export interface SubAccount {
  readonly mainAccountId: string;
  readonly id: string;
}

export interface CustomersOptions {
  readonly mainAccounts: number;
  readonly subAccountsEach: number;
  /** Limit of each sub-account, in whole points. */
  readonly pointsEach: number;
}

/** Main accounts with points for every limit, and their sub-accounts, as an operator opens them. */
export async function openCustomers(
  operator: GatewayClient,
  { mainAccounts, subAccountsEach, pointsEach }: CustomersOptions,
): Promise<SubAccount[]> {
  const opened = await Promise.all(
    Array.from({ length: mainAccounts }, async (_, index) => {
      const body = { name: `Customer ${index}`, plan: 'prepay' };
      const main = await operator.callPersistently<{ id: string }>('POST', '/v1/main-accounts', { body });
      const path = `/v1/main-accounts/${main.id}`;
      const post = (suffix: string, more: unknown) =>
        operator.callPersistently<{ id: string }>('POST', `${path}/${suffix}`, { body: more });
      await post('purchases', { points: String(pointsEach * subAccountsEach), reference: 'bench' });
      await post('activation', { decision: 'approve' });
      const subs: SubAccount[] = [];
      for (let sub = 0; sub < subAccountsEach; sub += 1) {
        const given = { name: `s${sub}`, password: 'benchpassword', limit: String(pointsEach) };
        subs.push({ mainAccountId: main.id, id: (await post('sub-accounts', given)).id });
      }
      return subs;
    }),
  );
  return opened.flat();
}
