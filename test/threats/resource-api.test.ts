import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect } from 'chai';
import { CREDENTIALS_PATH, type IssuedCredential } from '../../src/api/access/control-api.ts';
import { WATCH_LIMITS } from '../../src/api/api.ts';
import { makeAuthority } from '../../src/api/access/certificates.ts';
import { apiWorld, aStaticRoute, STATIC_ROUTES } from '../support/served-api.ts';

const PATHS = ['/', '/api', '/apis', '/version', '/healthz', '/openapi/v3', STATIC_ROUTES];
const CREATE = {
  method: 'POST',
  path: STATIC_ROUTES,
  headers: { 'Content-Type': 'application/json' },
  body: aStaticRoute('docs'),
} as const;

describe('the resource API', () => {
  it('T37: nobody gets in without a token of this router, whatever they ask for', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { certificateAuthority: ca, token } = await world.issue({ role: 'admin' });
    const wrong = [
      undefined,
      'Bearer x',
      `Bearer ${token.slice(0, -2)}AA`,
      'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.',
      `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`,
    ];

    for (const value of wrong) {
      const headers: Record<string, string> = value === undefined ? {} : { Authorization: value };
      for (const path of [...PATHS, CREDENTIALS_PATH, `${STATIC_ROUTES}?watch=1`]) {
        const reply = await world.raw({ ca, path, headers });
        expect([reply.status, reply.headers['content-type']], path).to.deep.equal([
          401,
          'application/json',
        ]);
      }
      const reply = await world.raw({ ca, ...CREATE, headers: { ...CREATE.headers, ...headers } });
      expect(reply.status).to.equal(401);
    }
    expect((await world.store.list('StaticRoute')).items).to.deep.equal([]);
  });

  it('T37 by a browser: a page cannot write, also under a name that leads here', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const admin = await world.issue({ role: 'admin' });
    const pages: readonly Readonly<Record<string, string>>[] = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Host: 'rebound.evil.example:7443' },
    ];

    for (const headers of pages) {
      const call = { ...CREATE, headers: { ...CREATE.headers, ...headers } };
      expect((await world.call(admin, call)).status).to.equal(403);
      expect(
        (await world.call(admin, { method: 'OPTIONS', path: STATIC_ROUTES, headers })).status,
      ).to.equal(403);
    }
    const twoHosts = await world.wire(
      admin.certificateAuthority,
      `GET /version HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nAuthorization: Bearer ${admin.token}\r\nConnection: close\r\n\r\n`,
    );
    expect(twoHosts).to.match(/^HTTP\/1\.1 400 /);
    const form = { ...CREATE, headers: { 'Content-Type': 'text/plain' } };
    expect((await world.call(admin, form)).status).to.equal(415);
    expect((await world.store.list('StaticRoute')).items).to.deep.equal([]);
  });

  it('T37 by a credential: it does no more than its role, and nothing when it has ended', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const view = await world.issue({ role: 'view' });
    const admin = await world.issue({ role: 'admin', name: 'ops' });
    const as = { 'Impersonate-User': 'clearway:local', 'Impersonate-Group': 'clearway:admin' };

    expect((await world.call(view, CREATE)).status).to.equal(403);
    const raised = { ...CREATE, headers: { ...CREATE.headers, ...as } };
    expect((await world.call(view, raised)).status).to.equal(403);
    expect((await world.call(view, { path: STATIC_ROUTES, headers: as })).status).to.equal(403);
    for (const path of [
      `/${STATIC_ROUTES}`,
      `${STATIC_ROUTES}/`,
      STATIC_ROUTES.replace('/', '/%61pis/../'),
    ]) {
      expect((await world.call(view, { ...CREATE, path })).status, path).to.be.within(400, 499);
    }
    await world.local({ method: 'DELETE', path: `${CREDENTIALS_PATH}/ops` });
    expect((await world.call(admin, CREATE)).status).to.equal(401);
    expect((await world.store.list('StaticRoute')).items).to.deep.equal([]);
  });

  it('T32 by a credential: it has a share of the watches, and no room for what is not read', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const view = await world.issue({ role: 'view', name: 'looker' });
    const other = await world.issue({ role: 'view', name: 'other' });
    const watches: ClientRequest[] = [];
    const watch = async ({ token, certificateAuthority: ca }: IssuedCredential) => {
      const headers = { Authorization: `Bearer ${token}` };
      const request = world.request({ ca, path: `${STATIC_ROUTES}?watch=1`, headers });
      watches.push(request);
      const [{ statusCode }] = (await once(request, 'response')) as [IncomingMessage];
      return statusCode;
    };

    const review = `POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${view.token}\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n`;
    expect(await world.wire(view.certificateAuthority, review)).to.match(/^HTTP\/1\.1 413 /);
    const { each } = WATCH_LIMITS.outside;
    for (let index = 0; index < each; index += 1) expect(await watch(view)).to.equal(200);

    expect(await watch(view)).to.equal(429);
    expect(await watch(other)).to.equal(200);

    for (const request of watches) request.on('error', () => undefined).destroy();
  });

  it('T37 by the host: another server on the port gets no token, and the control socket is private', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const issued = await world.issue();
    const impostor = await makeAuthority(Date.now());

    const refused = world.call(issued, { path: '/version', ca: impostor.certificate });

    expect(await refused.catch((error: unknown) => error)).to.be.instanceOf(Error);
    const modes = await Promise.all(
      ['control.sock', '.'].map(
        async (name) => (await stat(join(world.stateFolder, name))).mode & 0o777,
      ),
    );
    expect(modes).to.deep.equal([0o600, 0o700]);
    expect((await stat(join(world.folder, 'nginx', 'api.sock'))).mode & 0o777).to.equal(0o660);
  });
});
