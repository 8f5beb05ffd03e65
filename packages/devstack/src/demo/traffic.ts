import { setTimeout as delay } from 'node:timers/promises';
import type { MainAccountView, SubAccountView } from '@subledger/contracts';
import type { GatewayClient } from '@subledger/gateway-client';
import { describeCounts, SmsSimulator } from '@subledger/simulator';
import { type DemoContext, kafkaOf, shown } from './context.js';
import { activate, createCustomer, createSubAccount, customersNamed, getMain } from './customers.js';

const CUSTOMER = 'Minami Shop';
const LOGIN = 'minami-shop';
const PURCHASE = '1000000';
const SUB_ACCOUNTS = [
  { name: 'Store1', limit: '100000' },
  { name: 'Store2', limit: '50000' },
  { name: 'Online', limit: '200000' },
] as const;
/** Messages per second: enough to see figures change, few enough that the purchased points last for days. */
const RATE = 2;
const REPORT_EVERY_MS = 60_000;

/** A second customer, which sends messages until everything stops. */
export async function runTraffic(context: DemoContext, operator: GatewayClient): Promise<void> {
  const { say, signal } = context;
  const main = await findOrCreate(context, operator);
  const subs = await operator.list<SubAccountView>(`/v1/main-accounts/${main.id}/sub-accounts`);
  const { balance } = await getMain(operator, main.id);
  const simulator = new SmsSimulator({
    kafka: kafkaOf(context),
    ratePerSecond: RATE,
    only: (mainAccountId) => mainAccountId === main.id,
  });
  await simulator.start();
  say(
    `    ${subs.map((sub) => `${sub.name} ${shown(sub.remaining)}`).join(', ')} remaining, main account ${shown(balance)}.`,
  );
  say(
    `\nEverything is up. ${main.name} sends ${RATE} messages a second; nothing leaves this machine. Ctrl-C stops it.`,
  );
  try {
    while (!signal.aborted) {
      await delay(REPORT_EVERY_MS, undefined, { signal }).catch(() => {});
      if (!signal.aborted) say(`${main.name}: ${describeCounts(simulator.counts)}`);
    }
  } finally {
    await simulator.stop();
  }
}

async function findOrCreate(context: DemoContext, operator: GatewayClient): Promise<MainAccountView> {
  const { say, password } = context;
  const [known] = await customersNamed(operator, CUSTOMER);
  if (known !== undefined) {
    say(`10. ${known.name} from an earlier run goes on sending.`);
    return known;
  }
  const { main, login } = await createCustomer(context, operator, { name: CUSTOMER, login: LOGIN });
  await operator.post(`/v1/main-accounts/${main.id}/purchases`, { points: PURCHASE, reference: 'DEMO-2' });
  await activate(context, operator, main.id);
  for (const sub of SUB_ACCOUNTS) await createSubAccount(context, operator, main.id, sub);
  say(`10. A second customer, ${main.name}, login ${login}, password ${password}, begins to send.`);
  return main;
}
