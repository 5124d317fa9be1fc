import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { aSession } from './callers.ts';
import type { Clearway } from './clearway.ts';

/** Sessions that are let in until they are revoked, by number of the caller. */
export class Sessions {
  readonly #numbers = new Map<string, number>();
  readonly #revoked = new Set<number>();

  constructor(callers: number) {
    for (let caller = 0; caller < callers; caller += 1) this.#numbers.set(aSession(caller), caller);
  }

  /** Lets in everywhere whose session is not revoked. */
  readonly decide = ({ credential }: AccessQuestion): AccessAnswer => {
    const caller = this.#numbers.get(credential);
    if (caller === undefined || this.#revoked.has(caller)) return { verdict: 'unauthenticated' };
    return { verdict: 'allow', user: `user-${caller}`, session: `session-${caller}` };
  };

  /** As the router does it: its own memory first, then the proxies. */
  async revoke(caller: number, { plane }: Clearway): Promise<void> {
    this.#revoked.add(caller);
    await plane.revoke([`session:session-${caller}`]);
  }
}
