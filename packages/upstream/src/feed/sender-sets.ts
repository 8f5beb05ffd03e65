import { DEFAULT_COUNTRY, maySendAs } from '@subledger/contracts';

/** Of a sub-account without a profile. */
export const NO_PROFILE = 0;

/**
 * Lists of sender numbers, each with its main account's country and kept once however many sub-accounts share it, and
 * dropped with the last of them. A list is one text, the country and then each number with a space around it: a `Set`
 * for every short list would take several times as much.
 */
export class SenderSets {
  readonly #byText = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [undefined];
  readonly #uses: number[] = [0];
  readonly #free: number[] = [];

  get size(): number {
    return this.#byText.size;
  }

  /** The number of a list for one more user. */
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

  /** Whether somebody with this list may send as this; without a profile as no number. */
  allows(index: number, sender: string): boolean {
    const text = this.#texts[index];
    const country = text?.slice(0, text.indexOf(' ')) ?? DEFAULT_COUNTRY;
    return maySendAs(sender, country, (number) => text?.includes(` ${number} `) ?? false);
  }
}
