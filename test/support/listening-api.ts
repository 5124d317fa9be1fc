import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { CREDENTIALS_PATH, type IssuedCredential } from '../../src/api/access/control-api.ts';
import { controlSocket } from '../../src/api/access/control-client.ts';
import { kubeconfigText } from '../../src/api/access/kubeconfig.ts';
import { clientAt } from '../../src/api/access/router-client.ts';
import { serveResourceApi } from '../../src/composition/resource-api.ts';
import { nginxFolder } from '../../src/proxy/folder.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { realClock } from './clocks.ts';
import { eventually } from './eventually.ts';
import { someSettings } from './some-settings.ts';

/** The resource API as a router serves it: over TLS, with tokens, guards and all limits. */
export interface ServedApi extends AsyncDisposable {
  readonly port: number;
  /** `https://127.0.0.1:port`. */
  readonly url: string;
  /** Certificate of the authority that signed the server's. */
  readonly authority: string;
  /** Bearer token of an administrator. */
  readonly token: string;
  readonly issued: IssuedCredential;
  /** A kubeconfig of an administrator, as `clearway kubeconfig` writes it. */
  readonly kubeconfig: string;
  /** Lines that were logged. */
  readonly log: readonly string[];
  /** Breaks every connection, as a proxy does that is killed. */
  breakConnections(): void;
}

/** What a {@link ServedApi} is made of. */
export interface ServedApiOptions {
  readonly store: SqliteStore;
  /** Where its sockets are. */
  readonly folder: string;
  /** The loopback port; a free one unless given. */
  readonly port?: number;
  /** The administrator's credential from before a restart; one is made unless given. */
  readonly issued?: IssuedCredential;
}

/** Serves a store's resources on a loopback port. */
export async function serveApi(options: ServedApiOptions): Promise<ServedApi> {
  const { store, folder, port = 0 } = options;
  const folders = { nginx: join(folder, 'nginx'), state: join(folder, 'state') };
  for (const path of Object.values(folders)) await mkdir(path, { recursive: true });
  const log: string[] = [];
  const stop = new AbortController();
  const bridge = await Bridge.open(nginxFolder(folders.nginx).apiSocket, port);
  await serveResourceApi(
    {
      settings: someSettings({ folders, apiPort: bridge.port }),
      version: '0.1.0',
      random: Math.random,
      clock: realClock,
      logger: createLogger({ level: 'info', destination: keep(log) }),
      metrics: createMetrics(),
      store,
      newUid: () => crypto.randomUUID(),
    },
    stop.signal,
  );
  const issued = options.issued ?? (await issueCredential(folders.state));
  const url = `https://127.0.0.1:${bridge.port}`;
  return {
    port: bridge.port,
    url,
    log,
    authority: issued.certificateAuthority,
    token: issued.token,
    issued,
    kubeconfig: kubeconfigText(issued, url),
    breakConnections: () => bridge.breakConnections(),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await bridge.close();
      await eventually(() => {
        if (existsSync(controlSocket(folders.state))) throw new Error('it still listens');
      });
    },
  };
}

async function issueCredential(stateFolder: string): Promise<IssuedCredential> {
  const router = clientAt(stateFolder, AbortSignal.timeout(10_000));
  const body = { role: 'admin', name: 'admin' };
  const answer = await router.ask({ method: 'POST', path: CREDENTIALS_PATH, body });
  return answer as IssuedCredential;
}

/** Hands a loopback port on to a unix socket, as the proxy does. */
class Bridge {
  readonly port: number;
  readonly #server: Server;
  readonly #outer = new Set<Socket>();

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (outer: Socket) => {
      const inner = connect(path);
      this.#outer.add(outer);
      outer.once('close', () => this.#outer.delete(outer));
      hand(outer, inner);
      hand(inner, outer);
    });
  }

  static async open(path: string, port: number): Promise<Bridge> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Bridge(server, path);
  }

  breakConnections(): void {
    for (const socket of this.#outer) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakConnections();
    await closed;
  }
}

function hand(from: Socket, to: Socket): void {
  from.on('error', () => undefined).once('close', () => to.destroy());
  from.pipe(to);
}

function keep(log: string[]): Writable {
  return new Writable({
    write: (line: Buffer, _encoding, done) => {
      log.push(line.toString());
      done();
    },
  });
}
