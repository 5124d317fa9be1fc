import type { Logger } from 'pino';
import { readKeyForms, signed, type KeyForm } from './token-keys.ts';

/** What an {@link OfflineCheck} works with. */
export interface OfflineCheckDeps {
  /** AUTH_BASE64_JWKS_KEY; absent: nothing is checked. */
  readonly setting?: string;
  /** The router's own token; undefined while it has none that ClearML takes. */
  readonly ownToken: () => string | undefined;
  readonly logger: Logger;
  /** Called when the key that was in use no longer fits: what was refused for it may have been good. */
  readonly onChange: () => void;
}

interface Look {
  readonly token: string;
  readonly form: Promise<KeyForm | undefined>;
}

/**
 * Tells forged tokens without asking ClearML.
 *
 * @remarks
 * States: *unknown* (the router has no token: nothing is checked), then *checking* with the form of the setting that verifies the
 * router's own token, or *off* when none does, which is said once. Each new token of the router is looked at again: when
 * ClearML's key was changed, the setting is the old one, and must lock nobody out. What passes is still ClearML's to judge.
 */
export class OfflineCheck {
  readonly #deps: OfflineCheckDeps;
  readonly #forms: readonly KeyForm[];
  #last: Look | undefined;

  constructor(deps: OfflineCheckDeps) {
    this.#deps = deps;
    this.#forms = deps.setting === undefined ? [] : readKeyForms(deps.setting);
  }

  /** Looks at the router's own token, if it is a new one. */
  async look(): Promise<void> {
    await this.#form();
  }

  /** True for a token that the key did not sign; false when it did, or when nobody can say. */
  async isForged(token: string): Promise<boolean> {
    const form = await this.#form();
    return form !== undefined && !(await signed(form, token));
  }

  #form(): Promise<KeyForm | undefined> {
    const token = this.#deps.ownToken();
    if (token === undefined || this.#deps.setting === undefined) return Promise.resolve(undefined);
    if (this.#last?.token === token) return this.#last.form;
    const form = this.#choose(token, this.#last?.form);
    this.#last = { token, form };
    return form;
  }

  async #choose(
    token: string,
    before: Promise<KeyForm | undefined> | undefined,
  ): Promise<KeyForm | undefined> {
    const former = await before;
    let form: KeyForm | undefined;
    for (const candidate of this.#forms) {
      form ??= (await signed(candidate, token)) ? candidate : undefined;
    }
    if (before === undefined || form !== former) this.#say(form);
    if (former !== undefined && form !== former) this.#deps.onChange();
    return form;
  }

  #say(form: KeyForm | undefined): void {
    const { logger } = this.#deps;
    const setting = 'AUTH_BASE64_JWKS_KEY';
    if (form !== undefined) logger.info({ setting, form: form.name }, 'tokens are checked offline');
    else {
      const todo = 'set it to the token_secret of the ClearML server, or unset it';
      logger.warn({ setting, todo }, 'key does not verify our own token: not used');
    }
  }
}
