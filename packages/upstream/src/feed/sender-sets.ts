import { DEFAULT_COUNTRY, maySendAs } from '@subledger/contracts';

/** Index of a sub-account without a profile. */
export const NO_PROFILE = 0;

/**
 * Lists of sender numbers with their main account's country. Equal lists are kept once, and dropped with their last
 * user. A list is one text, the country and then each number with a space around it, because a `Set` for every short
 * list would take several times as much memory.
 */
export class SenderSets {
  readonly #byText = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [undefined];
  readonly #uses: number[] = [0];
  readonly #free: number[] = [];

  get size(): number {
    return this.#byText.size;
  }

  /** The index of a list, for one more user. */
  use(senders: readonly string[], country: string): number {
    const text = `${country} ${senders.join(' ')} `;
    const known = this.#byText.get(text);
    if (known !== undefined) {
      this.#uses[known]! += 1;
      return known;
    }
    const index = this.#free.pop() ?? this.#texts.length;
    this.#byText.set(text, index);
    this.#texts[index] = text;
    this.#uses[index] = 1;
    return index;
  }

  release(index: number): void {
    if (index === NO_PROFILE) return;
    this.#uses[index]! -= 1;
    if (this.#uses[index]! > 0) return;
    this.#byText.delete(this.#texts[index]!);
    this.#texts[index] = undefined;
    this.#free.push(index);
  }

  /** Whether a user of this list may use a sender (docs/decisions/0031). Without a profile, no number is allowed. */
  allows(index: number, sender: string): boolean {
    const text = this.#texts[index];
    const country = text?.slice(0, text.indexOf(' ')) ?? DEFAULT_COUNTRY;
    return maySendAs(sender, country, (number) => text?.includes(` ${number} `) ?? false);
  }
}
