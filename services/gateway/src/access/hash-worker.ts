/** Runs in a thread of its own, of low priority: see `passwords.ts`. */
import { Algorithm, hashSync, verifySync } from '@node-rs/argon2';

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane. */
export const OPTIONS = {
  algorithm: 2 satisfies Algorithm.Argon2id,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
};

export interface VerifyTask {
  readonly stored: string;
  readonly password: string;
}

export const hash = (password: string): string => hashSync(password, OPTIONS);
/** @throws Error where `stored` is no hash */
export const verify = ({ stored, password }: VerifyTask): boolean => verifySync(stored, password);
