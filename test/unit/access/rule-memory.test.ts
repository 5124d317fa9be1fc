import { expect } from 'chai';
import { revokeAfterChange } from '../../../src/access/rule-memory.ts';
import type { AccessSubject } from '../../../src/controllers/contracts.ts';
import type { Settings } from '../../../src/settings.ts';
import { someSettings } from '../../support/some-settings.ts';

class Runs {
  readonly revoked: AccessSubject[] = [];
  readonly #values = new Map<string, string>();
  failure: Error | undefined;

  async run(
    options: {
      readonly auth?: Partial<Settings['auth']>;
      readonly apiHost?: string;
      readonly key?: Uint8Array;
      readonly hasServed?: boolean;
    } = {},
  ): Promise<boolean> {
    const { auth, clearml } = someSettings();
    return revokeAfterChange({
      settings: {
        auth: { ...auth, ...options.auth },
        clearml: { apiHost: options.apiHost ?? clearml.apiHost },
      },
      key: options.key ?? new Uint8Array(32),
      memory: {
        meta: (key) => this.#values.get(key),
        setMeta: (key, value) => this.#values.set(key, value),
      },
      hasServed: options.hasServed ?? true,
      revoker: {
        revoke: (subjects) => {
          if (this.failure !== undefined) return Promise.reject(this.failure);
          this.revoked.push(...subjects);
          return Promise.resolve();
        },
      },
    });
  }

  get memory(): string {
    return [...this.#values.values()].join();
  }
}

describe('revokeAfterChange', () => {
  it('revokes nothing at a first start, nor while nothing changes', async () => {
    const runs = new Runs();

    expect(await runs.run({ hasServed: false })).to.equal(false);
    expect(await runs.run()).to.equal(false);
    expect(await runs.run({ auth: { freshSeconds: 5, cookieName: 'other' } })).to.equal(false);

    expect(runs.revoked).to.deep.equal([]);
  });

  for (const [what, change] of [
    ['the rule', { auth: { rule: 'owner' } }],
    ['whether there is authentication', { auth: { enabled: false } }],
    ['the life of sessions', { auth: { sessionSeconds: 60 } }],
    ['the key of sessions', { key: new Uint8Array(32).fill(1) }],
    ['the ClearML server', { apiHost: 'http://other.example' }],
  ] as const) {
    it(`revokes everything once when ${what} changed`, async () => {
      const runs = new Runs();
      await runs.run({ hasServed: false });

      expect(await runs.run(change)).to.equal(true);
      expect(await runs.run(change)).to.equal(false);
      expect(runs.revoked).to.deep.equal(['*']);

      expect(await runs.run()).to.equal(true);
      expect(runs.revoked).to.deep.equal(['*', '*']);
    });
  }

  it('revokes everything when the state was lost and what an earlier run served was not', async () => {
    const runs = new Runs();

    await runs.run({ hasServed: true });

    expect(runs.revoked).to.deep.equal(['*']);
  });

  it('revokes at the next start what could not be revoked at this one', async () => {
    const runs = new Runs();
    await runs.run({ hasServed: false });
    runs.failure = new Error('disk full');
    const failed: unknown = await runs
      .run({ auth: { rule: 'owner' } })
      .catch((error: unknown) => error);
    expect(failed).to.equal(runs.failure);
    runs.failure = undefined;

    await runs.run({ auth: { rule: 'owner' } });

    expect(runs.revoked).to.deep.equal(['*']);
  });

  it('keeps no key', async () => {
    const runs = new Runs();
    const key = new Uint8Array(32).fill(65);

    await runs.run({ key });

    expect(runs.memory).not.to.include(Buffer.from(key).toString('base64').slice(0, 20));
    expect(runs.memory).not.to.include('AAAAAAAA');
  });
});
