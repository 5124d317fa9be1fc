import { expect } from 'chai';
import { sessionKey, type KeyMemory } from '../../../src/access/session-key.ts';
import { aSession, someSessions } from '../../support/sessions.ts';

function aMemory(): KeyMemory & { readonly values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    meta: (key) => values.get(key),
    setMeta: (key, value) => values.set(key, value),
  };
}

let made = 0;
const randomBytes = (count: number): Uint8Array => new Uint8Array(count).fill((made += 1));

describe('sessionKey', () => {
  it('is the same for all replicas with one secret, and needs no memory', async () => {
    const [one, two] = [aMemory(), aMemory()];
    const secret = 'a secret of the installation';
    const keys = [one, two].map((memory) => sessionKey({ secret, memory, randomBytes }));

    const [first, second] = keys.map((key) => someSessions({ key }));

    const value = (await first?.seal(aSession())) ?? '';
    expect(await second?.open(value, undefined)).to.have.property('user', 'alice');
    expect(one.values.size).to.equal(0);
    expect(keys[0]).to.have.length(32);
  });

  it('differs with the secret, and is not the secret', () => {
    const secret = 'x'.repeat(32);
    const memory = aMemory();

    const key = sessionKey({ secret, memory, randomBytes });

    expect(Buffer.from(key).toString()).not.to.equal(secret);
    expect(key).not.to.deep.equal(sessionKey({ secret: `${secret}y`, memory, randomBytes }));
  });

  it('is made once where there is no secret, and kept', () => {
    const memory = aMemory();

    const key = sessionKey({ memory, randomBytes });

    expect(sessionKey({ memory, randomBytes })).to.deep.equal(key);
    expect(sessionKey({ memory: aMemory(), randomBytes })).not.to.deep.equal(key);
    expect(key).to.have.length(32);
  });

  it('is made anew when what was kept is no key', () => {
    for (const kept of ['', 'short', Buffer.alloc(33).toString('base64')]) {
      const memory = aMemory();
      memory.setMeta('session-key', kept);

      const key = sessionKey({ memory, randomBytes });

      expect(key).to.have.length(32);
      expect(sessionKey({ memory, randomBytes })).to.deep.equal(key);
    }
  });
});
