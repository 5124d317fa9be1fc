import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { expect } from 'chai';
import { issueServerPair, makeAuthority } from '../../../src/api/access/certificates.ts';
import { ApiWorld, apiWorld } from '../../support/served-api.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/eventually.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

async function shownBy(world: ApiWorld, ca: string): Promise<X509Certificate> {
  const path = join(world.folder, 'nginx', 'api.sock');
  const socket: TLSSocket = tlsConnect({ path, ca, servername: 'localhost' });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

describe('the certificates of the API', () => {
  it('are of an authority for ten years, and for loopback for one', async () => {
    const authority = await makeAuthority(NOW);
    const server = new X509Certificate((await issueServerPair(authority, NOW)).certificate);
    const issuer = new X509Certificate(authority.certificate);

    expect(issuer.ca).to.equal(true);
    expect(server.ca).to.equal(false);
    expect(server.verify(issuer.publicKey)).to.equal(true);
    expect(server.checkIssued(issuer)).to.equal(true);
    expect((issuer.validToDate.getTime() - NOW) / DAY_MS).to.equal(3_650);
    expect((server.validToDate.getTime() - NOW) / DAY_MS).to.equal(365);
    expect(server.checkHost('localhost')).to.equal('localhost');
    expect(server.checkIP('127.0.0.1')).to.equal('127.0.0.1');
    expect(server.checkIP('::1')).to.equal('::1');
    expect(server.checkHost('gateway.example.com')).to.equal(undefined);
    expect(server.checkIP('192.0.2.1')).to.equal(undefined);
  });

  it('are trusted by who has the authority, and by nobody else', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const issued = await world.issue();
    const other = await makeAuthority(Date.now());
    const ask = (call: object): Promise<number> =>
      world.call(issued, { path: '/version', ...call }).then(({ status }) => status);

    expect(await ask({})).to.equal(200);
    for (const call of [{ ca: other.certificate }, { servername: 'gateway.example.com' }]) {
      const error = await ask(call).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(Error);
    }
  });

  it('refuse TLS 1.1', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { certificateAuthority: ca } = await world.issue();
    const path = join(world.folder, 'nginx', 'api.sock');
    const socket = tlsConnect({
      path,
      ca,
      servername: 'localhost',
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });

    const [error] = (await once(socket, 'error')) as [Error];

    expect(error.message).to.match(/alert protocol version/);
  });

  it('are kept over a restart, where only the owner of the state can read', async () => {
    await using folder = await tempFolder();
    const first = await ApiWorld.open(folder.path);
    const issued = await first.issue();
    const before = await shownBy(first, issued.certificateAuthority);
    first.close();

    const second = await ApiWorld.open(folder.path);

    expect((await second.call(issued, { path: '/version' })).status).to.equal(200);
    expect((await shownBy(second, issued.certificateAuthority)).raw.equals(before.raw)).to.equal(
      true,
    );
    expect((await stat(join(second.stateFolder, 'clearway.db'))).mode & 0o777).to.equal(0o600);
    second.close();
  });

  it('are renewed under the same authority before they end, while connections go on', async () => {
    const clock = new ManualClock(Date.now() - 340 * DAY_MS);
    await using opened = await apiWorld(clock);
    const { world } = opened;
    const issued = await world.issue();
    const before = await shownBy(world, issued.certificateAuthority);

    await eventually(() => expect(clock.sleeping).to.be.greaterThan(0));
    clock.advance(300 * DAY_MS);
    await eventually(() => expect(clock.sleeping).to.be.greaterThan(1));
    expect((await shownBy(world, issued.certificateAuthority)).raw.equals(before.raw)).to.equal(
      true,
    );
    clock.advance(40 * DAY_MS);

    await eventually(async () => {
      const now = await shownBy(world, issued.certificateAuthority);
      expect(now.raw.equals(before.raw)).to.equal(false);
    });
    expect(world.log).not.to.include('cannot be renewed');
  });

  it('leave no private key in the log or in what is issued', async () => {
    await using opened = await apiWorld();
    const { world } = opened;

    const issued = await world.issue();

    expect(world.log).not.to.include('PRIVATE KEY');
    expect(JSON.stringify(issued)).not.to.include('PRIVATE KEY');
  });
});
