import type { MainAccountView, Problem, SubAccountView, TransferLine } from '@subledger/contracts';
import type { GatewayClient } from '@subledger/gateway-client';
import { SmsSimulator } from '@subledger/simulator';
import { type DemoContext, kafkaOf, shown, until } from './context.js';
import { createCustomer, createSubAccount, customersNamed, getMain, getSub } from './customers.js';
import { nextMonthStart, startMonthAt } from './month-start-job.js';

const CUSTOMER = 'Kita Clinic';
const LOGIN = 'kita-clinic';
const PURCHASE = '10000';
const TOO_MUCH = '20000';
const MESSAGES = 75;
const PRICE = '2';

interface Cast {
  readonly operator: GatewayClient;
  /** The customer's own key. */
  readonly customer: GatewayClient;
  readonly main: MainAccountView;
  readonly path: string;
}

/**
 * The life of one customer, line by line. Every figure is read from the API.
 *
 * @throws Error when something is not as it should be
 */
export async function tellStory(context: DemoContext, operator: GatewayClient): Promise<void> {
  const cast = await openCustomer(context, operator);
  const [reception, billing] = await assignLimits(context, cast);
  await refuseTooMuch(context, cast, billing);
  await useMessages(context, cast, reception);
  await startMonth(context, cast, reception);
  await refusePlanSwitch(context, cast);
  await deactivateAll(context, cast, [reception, billing]);
}

async function openCustomer(context: DemoContext, operator: GatewayClient): Promise<Cast> {
  const { say, password } = context;
  const earlier = (await customersNamed(operator, CUSTOMER)).length;
  if (earlier > 0)
    say(`The data of ${earlier} earlier demo run(s) is there; this one gets a customer of its own.`);
  const suffix = earlier === 0 ? '' : ` ${earlier + 1}`;
  const { main, login } = await createCustomer(context, operator, {
    name: `${CUSTOMER}${suffix}`,
    login: `${LOGIN}${suffix.trim() && `-${suffix.trim()}`}`,
  });
  const path = `/v1/main-accounts/${main.id}`;
  say(
    ` 1. The operator creates the customer ${main.name} (${main.plan}, ${main.timeZone}), login ${login}, password ${password}.`,
  );
  const sold = await operator.post<TransferLine>(`${path}/purchases`, {
    points: PURCHASE,
    reference: 'DEMO-1',
  });
  say(` 2. It buys ${shown(sold.points)} points: main account ${shown(sold.balanceAfter)}.`);
  const { key } = await operator.post<{ key: string }>(`${path}/api-keys`, {
    name: 'Demo',
    scopes: ['read', 'write'],
  });
  const customer = operator.as(key);
  const asked = await customer.post<MainAccountView>(`${path}/activation-request`);
  const approved = await operator.post<MainAccountView>(`${path}/activation`, { decision: 'approve' });
  say(
    ` 3. It asks for sub-accounts (feature ${asked.feature}); the help desk approves (feature ${approved.feature}).`,
  );
  return { operator, customer, main, path };
}

async function assignLimits(context: DemoContext, cast: Cast): Promise<[SubAccountView, SubAccountView]> {
  const { customer, main } = cast;
  const reception = await createSubAccount(context, customer, main.id, { name: 'Reception', limit: '1000' });
  const billing = await createSubAccount(context, customer, main.id, { name: 'Billing', limit: '500' });
  const { balance } = await getMain(customer, main.id);
  context.say(
    ` 4. Two sub-accounts get limits, and points move: ${describe(reception)}, ${describe(billing)}, main account ${shown(balance)}.`,
  );
  return [reception, billing];
}

async function refuseTooMuch({ say }: DemoContext, { customer, main, path }: Cast, sub: SubAccountView) {
  const { status, body } = await customer.request<Problem>('PATCH', `${path}/sub-accounts/${sub.id}`, {
    body: { limit: TOO_MUCH },
  });
  if (status !== 409) throw new Error(`a limit above the balance was answered with ${status}`);
  const after = await getSub(customer, main.id, sub.id);
  say(
    ` 5. A limit of ${shown(TOO_MUCH)} for ${sub.name} is refused (${body.code}): ${shown(body.needed ?? '?')} needed, ${shown(body.available ?? '?')} available. Still ${describe(after)}.`,
  );
}

async function useMessages(
  context: DemoContext,
  { customer, main }: Cast,
  sub: SubAccountView,
): Promise<void> {
  const simulator = new SmsSimulator({
    kafka: kafkaOf(context),
    ratePerSecond: 0,
    // No refunds here: the figure must come out exactly.
    shares: { failed: 0, expired: 0.02, refunded: 0 },
    deliveryMs: { min: 100, max: 500 },
  });
  await simulator.start();
  try {
    const ids = { mainAccountId: main.id, subAccountId: sub.id, points: PRICE };
    await Promise.all(Array.from({ length: MESSAGES }, () => simulator.send(ids)));
    const expected = String(MESSAGES * Number(PRICE));
    const after = await until(
      context,
      `${expected} used points`,
      () => getSub(customer, main.id, sub.id),
      ({ used }) => used === expected,
    );
    context.say(
      ` 6. The SMS service reports ${MESSAGES} messages of ${PRICE} points by ${sub.name}: ${shown(after.used)} used, ${shown(after.remaining)} remaining.`,
    );
    await simulator.drain();
  } finally {
    await simulator.stop();
  }
}

async function startMonth(
  context: DemoContext,
  { customer, main, path }: Cast,
  sub: SubAccountView,
): Promise<void> {
  const before = await getMain(customer, main.id);
  const at = nextMonthStart(before.period, before.timeZone);
  const after = await startMonthAt(
    context,
    at,
    () => getMain(customer, main.id),
    ({ period }) => period !== before.period,
  );
  const { items } = await customer.get<{ items: TransferLine[] }>(
    `${path}/sub-accounts/${sub.id}/transfers?limit=2`,
  );
  const moved = [...items].reverse().map((line) => `${line.kind} ${shown(line.points)}`);
  const renewed = await getSub(customer, main.id, sub.id);
  context.say(
    ` 7. Month start, as of ${at} for every customer (npm run job -- month-start --at …): ${before.period} → ${after.period}.`,
  );
  context.say(
    `    ${sub.name}: ${moved.join(', ')}; now ${describe(renewed)}. Main account ${shown(after.balance)}.`,
  );
}

async function refusePlanSwitch({ say }: DemoContext, { operator, customer, path }: Cast): Promise<void> {
  const { status, body } = await operator.request<Problem>('POST', `${path}/plan`, {
    body: { plan: 'postpay' },
  });
  if (status !== 409) throw new Error(`a plan switch with active sub-accounts was answered with ${status}`);
  const subs = await customer.list<SubAccountView>(`${path}/sub-accounts`);
  const names = (body.blockers ?? []).map((id) => subs.find((sub) => sub.id === id)?.name ?? id);
  say(` 8. Switching to postpay is refused (${body.code}): ${names.join(' and ')} are active.`);
}

async function deactivateAll(
  { say }: DemoContext,
  { customer, main, path }: Cast,
  subs: readonly SubAccountView[],
) {
  const after: SubAccountView[] = [];
  for (const sub of subs)
    after.push(await customer.post<SubAccountView>(`${path}/sub-accounts/${sub.id}/deactivate`));
  const { balance, allocated } = await getMain(customer, main.id);
  say(
    ` 9. Deactivating them returns the rest: ${after.map((sub) => `${sub.name} ${sub.status}`).join(', ')}; main account ${shown(balance)}, ${shown(allocated)} allocated.`,
  );
}

const describe = (sub: SubAccountView): string =>
  `${sub.name} limit ${shown(sub.limit)} (${shown(sub.remaining)} remaining)`;
