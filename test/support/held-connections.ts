import { connect } from 'node:net';
import { WebSocket } from 'ws';

/** A connection that a test holds open. */
export interface HeldConnection {
  /** Resolves with the time (`performance.now()`) at which it ended. */
  readonly ended: Promise<number>;
  readonly isOpen: () => boolean;
  /** Resolves when the other side answered or said something new; rejects when it ended before. */
  readonly alive: () => Promise<void>;
  readonly close: () => void;
}

/** Opens a websocket of the demo's web application: it sends back what it gets. */
export async function holdWebsocket(url: string, token: string): Promise<HeldConnection> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}ws`, { headers });
  const { ended, end, isOpen } = life();
  const opened = Promise.withResolvers<undefined>();
  socket.once('open', () => opened.resolve(undefined));
  socket.on('error', opened.reject).once('close', end);
  await opened.promise;
  const alive = (): Promise<void> =>
    orEnd(ended, (done) => {
      const text = `ping ${performance.now()}`;
      const hear = (data: Buffer): void => {
        if (!data.toString().includes(text)) return;
        socket.off('message', hear);
        done();
      };
      socket.on('message', hear);
      socket.send(text);
    });
  return { ended, isOpen, alive, close: () => socket.terminate() };
}

/** Opens the server-sent stream of the demo's web application: a number every second. */
export async function holdStream(url: string, token: string): Promise<HeldConnection> {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}events`, { headers, signal: stop.signal });
  if (response.status !== 200 || response.body === null) {
    throw new Error(`the stream was answered with ${response.status}`);
  }
  const { ended, end, isOpen } = life();
  const listeners = new Set<() => void>();
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of body) if (chunk.length > 0) listeners.forEach((done) => done());
  };
  void read(response.body)
    .catch(() => undefined)
    .then(end);
  const alive = (): Promise<void> => orEnd(ended, (done) => void listeners.add(done));
  return { ended, isOpen, alive, close: () => stop.abort() };
}

/** Opens a TCP connection to an SSH server and says nothing on it. */
export async function holdSsh(port: number): Promise<HeldConnection> {
  const socket = connect({ port, host: '127.0.0.1' });
  const { ended, end, isOpen } = life();
  const banner = Promise.withResolvers<undefined>();
  socket.once('data', () => banner.resolve(undefined));
  socket
    .on('error', () => undefined)
    .once('close', () => {
      banner.reject(new Error('the connection ended before the banner'));
      end();
    });
  await banner.promise;
  const alive = (): Promise<void> =>
    orEnd(ended, (done) => {
      // Its key exchange follows our version (RFC 4253, section 4.2).
      socket.once('data', () => done());
      socket.write('SSH-2.0-clearway\r\n');
    });
  return { ended, isOpen, alive, close: () => socket.destroy() };
}

function life(): Pick<HeldConnection, 'ended' | 'isOpen'> & { readonly end: () => void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  let open = true;
  const end = (): void => {
    open = false;
    resolve(performance.now());
  };
  return { ended: promise, end, isOpen: () => open };
}

function orEnd(ended: Promise<number>, wait: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    void ended.then(() => reject(new Error('the connection ended')));
    wait(resolve);
  });
}
