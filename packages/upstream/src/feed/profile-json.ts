import { E164, instant, MAX_SENDER_NUMBERS, type ProfileRecord } from '@subledger/contracts';
import { isIntegerFrom, MAIN_ACCOUNT_ID, parseObject, SUB_ACCOUNT_ID } from './limit-json.js';

/** The rules of the contract's `profileRecord`, written by hand as in `limit-json.ts`. */
const NAME = /^[A-Za-z0-9]{1,64}$/;
const COUNTRY = /^[A-Z]{2}$/;

function areSenders(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > MAX_SENDER_NUMBERS) return false;
  for (const sender of value) if (typeof sender !== 'string' || !E164.test(sender)) return false;
  return value.length < 2 || new Set(value).size === value.length;
}

/** Whether a parsed JSON value is a profile record by the contract. */
export function isProfileRecord(value: Record<string, unknown>): boolean {
  const { subAccountId, mainAccountId, name, senderNumbers, country, version, updatedAt } = value;
  return (
    typeof subAccountId === 'string' &&
    SUB_ACCOUNT_ID.test(subAccountId) &&
    typeof mainAccountId === 'string' &&
    MAIN_ACCOUNT_ID.test(mainAccountId) &&
    typeof name === 'string' &&
    NAME.test(name) &&
    areSenders(senderNumbers) &&
    (country === undefined || (typeof country === 'string' && COUNTRY.test(country))) &&
    isIntegerFrom(1, version) &&
    // One string is fast with the schema too.
    instant.safeParse(updatedAt).success
  );
}

/** Reads the value of a record of `subaccount.profiles.v1`, or undefined if it breaks the contract. */
export function parseProfile(value: Buffer): ProfileRecord | undefined {
  const parsed = parseObject(value.toString('utf8'));
  return parsed !== undefined && isProfileRecord(parsed) ? (parsed as ProfileRecord) : undefined;
}
