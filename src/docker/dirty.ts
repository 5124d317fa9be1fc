import type { EngineHint } from './engine-client.ts';

/** What to look at: lists as a whole, and containers by id. */
export interface Work {
  readonly list: boolean;
  readonly networks: boolean;
  readonly containers: ReadonlySet<string>;
}

/** What to look at again, each thing once, however many events named it. */
export class Dirty {
  #list = false;
  #networks = false;
  #containers = new Set<string>();
  #mark = Promise.withResolvers<undefined>();

  /** Asks for a look at what an event named. */
  mark(hint: EngineHint): void {
    if (hint.look === 'networks') this.#networks = true;
    else this.#containers.add(hint.id);
    this.#mark.resolve(undefined);
  }

  /** Asks for a look at every list. */
  markAll(): void {
    this.#list = true;
    this.#networks = true;
    this.#mark.resolve(undefined);
  }

  /** Resolves when there is something to look at. */
  marked(): Promise<void> {
    return this.#mark.promise;
  }

  /** Gives what was asked for, and forgets it. */
  take(): Work {
    const work = { list: this.#list, networks: this.#networks, containers: this.#containers };
    this.#list = false;
    this.#networks = false;
    this.#containers = new Set();
    this.#mark = Promise.withResolvers<undefined>();
    return work;
  }
}
