/** Runs in its own thread with low priority, see `passwords.ts`. */
import { Algorithm, hashSync, verifySync } from '@node-rs/argon2';

/** OWASP's minimum for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane. */
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
/** @throws Error if `stored` is not a hash */
export const verify = ({ stored, password }: VerifyTask): boolean => verifySync(stored, password);
