import type { ApiError } from './status.ts';

/** How much of something there is. */
export interface ShareLimits {
  /** For all together. */
  readonly all: number;
  /** For one holder. */
  readonly each: number;
}

/** Something of which there is only so much, and of which no holder may have all. */
export class Shares {
  readonly #limits: ShareLimits;
  readonly #refusal: (limit: number) => ApiError;
  readonly #held = new Map<string, number>();
  #total = 0;

  /** `refusal` makes what is thrown where a limit is reached. */
  constructor(limits: ShareLimits, refusal: (limit: number) => ApiError) {
    this.#limits = limits;
    this.#refusal = refusal;
  }

  /** Takes so much for a holder, and gives back how it is freed: once, however often that is called. @throws ApiError */
  take(holder: string, amount: number): () => void {
    const { all, each } = this.#limits;
    const held = this.#held.get(holder) ?? 0;
    if (held + amount > each) throw this.#refusal(each);
    if (this.#total + amount > all) throw this.#refusal(all);
    this.#add(holder, amount);
    let isHeld = true;
    return () => {
      if (isHeld) this.#add(holder, -amount);
      isHeld = false;
    };
  }

  #add(holder: string, amount: number): void {
    const held = (this.#held.get(holder) ?? 0) + amount;
    if (held === 0) this.#held.delete(holder);
    else this.#held.set(holder, held);
    this.#total += amount;
  }
}
