import { execFile } from 'node:child_process';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import {
  buildImages,
  dockerClient,
  engineOrSkip,
  stopEngine,
  uniqueName,
} from '../support/docker-harness.ts';
import {
  makeProject,
  rightsOf,
  startClearml,
  type ComposeProject,
  type StackClearml,
} from '../support/docker-stack.ts';
import { eventually } from '../support/eventually.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = promisify(execFile);

const PROXY_UID = 65533;
const NET_BIND_SERVICE = 1 << 10;
const SLOW = { timeoutMs: 60_000, everyMs: 200 };

/** A port below 1024 that nobody uses at the moment. */
async function freeLowPort(): Promise<number> {
  for (let port = 800; port < 1024; port++) {
    const isFree = await new Promise<boolean>((done) => {
      const server = createServer().once('error', () => done(false));
      server.listen(port, () => server.close(() => done(true)));
    });
    if (isFree) return port;
  }
  throw new Error('no port below 1024 is free');
}

/** What the proxy answers to its health check over TLS, when its certificate is one of the authority. */
function askHealth(port: number, ca: string): Promise<string> {
  return new Promise((done, failed) => {
    const url = `https://127.0.0.1:${port}/_clearway/healthz`;
    request(url, { ca, agent: false, timeout: 2_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => done(body));
    })
      .once('error', failed)
      .end();
  });
}

describe('the images at the edge', function () {
  this.timeout(300_000);
  let clearml: StackClearml | undefined;
  let project: ComposeProject | undefined;

  before(async function () {
    await engineOrSkip(this);
    await buildImages();
    clearml = await startClearml();
  });
  after(async () => {
    await project?.close();
    await clearml?.api.close();
    await stopEngine();
  });

  it('speak TLS on a port below 1024 with a pair that was copied into the volume, without root', async () => {
    await using folder = await tempFolder();
    const authority = await TestAuthority.make(folder.path);
    const port = await freeLowPort();
    project = await makeProject('compose/docker-compose.yml', uniqueName('clearway-test'), {
      ROUTER_NAME: 'edge',
      ROUTER_URL: `https://127.0.0.1:${port}`,
      ROUTER__WEBSERVER__SERVER_PORT: String(port),
      CLEARML_API_HOST: clearml?.caller.apiHost ?? '',
      CLEARML_API_ACCESS_KEY: clearml?.caller.accessKey ?? '',
      CLEARML_API_SECRET_KEY: clearml?.caller.secretKey ?? '',
      AUTH_COOKIE_NAME: 'clearml_token_basic',
    });
    await project.compose('up', '-d');
    const router = await project.container('router');

    // As docs/edge.md says.
    await putPair(join(folder.path, 'tls'), await authority.issue());
    await run(dockerClient(), ['cp', join(folder.path, 'tls'), `${router}:/etc/nginx/conf.d/`]);
    await project.compose('restart', 'router');

    const body = await eventually(() => askHealth(port, authority.certificate), SLOW);
    expect(body).to.equal('ok\n');
    const { uid, capabilities } = await rightsOf(await project.container('proxy'));
    expect([uid, capabilities]).to.deep.equal([PROXY_UID, NET_BIND_SERVICE]);
  });
});
