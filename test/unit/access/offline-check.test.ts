import { expect } from 'chai';
import { pino } from 'pino';
import { OfflineCheck } from '../../../src/access/offline-check.ts';
import { bySecret } from '../../support/signed-tokens.ts';

const SECRET = 'the-token-secret-of-the-server';
const token = (secret: string, user = 'router'): string => bySecret(secret, { identity: { user } });

class Checked {
  own: string | undefined;
  changes = 0;
  readonly lines: { readonly level: number; readonly msg: string; readonly form?: string }[] = [];
  readonly check: OfflineCheck;

  constructor(setting?: string, own?: string) {
    this.own = own;
    const write = (line: string): void => {
      this.lines.push(JSON.parse(line) as (typeof this.lines)[number]);
    };
    this.check = new OfflineCheck({
      ...(setting === undefined ? {} : { setting }),
      ownToken: () => this.own,
      logger: pino({ level: 'info' }, { write }),
      onChange: () => (this.changes += 1),
    });
  }

  get warnings(): number {
    return this.lines.filter(({ level }) => level >= 40).length;
  }
}

describe('OfflineCheck', () => {
  it('tells forged tokens from good ones by the key that verifies our own', async () => {
    const checked = new Checked(SECRET, token(SECRET));

    expect(await checked.check.isForged(token(SECRET, 'alice'))).to.equal(false);
    expect(await checked.check.isForged(token('another', 'alice'))).to.equal(true);
    expect(checked.lines.map(({ form }) => form)).to.deep.equal(['secret']);
  });

  it('finds out how the setting is meant', async () => {
    const bytes = Buffer.from(SECRET);
    const jwks = JSON.stringify({ keys: [{ kty: 'oct', k: bytes.toString('base64url') }] });
    for (const [setting, form] of [
      [bytes.toString('base64'), 'secret in base64'],
      [Buffer.from(jwks).toString('base64'), 'JWKS in base64'],
    ] as const) {
      const checked = new Checked(setting, token(SECRET));

      expect(await checked.check.isForged(token(SECRET, 'alice'))).to.equal(false);
      expect(await checked.check.isForged(token('another'))).to.equal(true);
      expect(checked.lines.map((line) => line.form)).to.deep.equal([form]);
    }
  });

  it('refuses nothing and warns once when no form verifies our own token', async () => {
    const checked = new Checked('not the secret', token(SECRET));

    for (let time = 0; time < 3; time += 1) {
      expect(await checked.check.isForged(token('another'))).to.equal(false);
    }
    expect(checked.warnings).to.equal(1);
    expect(JSON.stringify(checked.lines)).not.to.include('not the secret');
  });

  it('refuses nothing without a setting, or before we have a token', async () => {
    const [unset, early] = [new Checked(undefined, token(SECRET)), new Checked(SECRET)];

    expect(await unset.check.isForged(token('another'))).to.equal(false);
    expect(await early.check.isForged(token('another'))).to.equal(false);
    expect([...unset.lines, ...early.lines]).to.deep.equal([]);
  });

  it('locks nobody out when the key of the server is changed', async () => {
    const checked = new Checked(SECRET, token(SECRET));
    await checked.check.look();

    // ClearML refuses our token from then on, so that we sign in anew.
    checked.own = undefined;
    expect(await checked.check.isForged(token('new key'))).to.equal(false);
    checked.own = token('new key');
    await checked.check.look();

    expect(checked.changes).to.equal(1);
    expect(checked.warnings).to.equal(1);
    expect(await checked.check.isForged(token('new key', 'alice'))).to.equal(false);
  });

  it('checks again when the key of the setting is the right one again', async () => {
    const checked = new Checked(SECRET, token('old key'));
    await checked.check.look();

    checked.own = token(SECRET);
    await checked.check.look();

    expect(await checked.check.isForged(token('old key'))).to.equal(true);
    expect(checked.changes).to.equal(0);
  });

  it('says nothing when our token is renewed with the same key', async () => {
    const checked = new Checked(SECRET, token(SECRET));
    await checked.check.look();

    checked.own = token(SECRET, 'the same again');
    await checked.check.look();

    expect([checked.lines.length, checked.changes]).to.deep.equal([1, 0]);
  });

  it('looks once for all who ask at the same time', async () => {
    const checked = new Checked('not the secret', token(SECRET));

    await Promise.all(Array.from({ length: 20 }, () => checked.check.isForged(token('x'))));

    expect(checked.warnings).to.equal(1);
  });
});
