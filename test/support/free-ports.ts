import { connect, createServer } from 'node:net';

/** A port that nobody uses at the moment. */
export function freePort(): Promise<number> {
  return tryPort(0);
}

/** True when a TCP connection to the port is accepted. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('connect', () => socket.destroy());
  });
}

function tryPort(port: number): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(port, () => {
      const address = server.address();
      const chosen = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => done(chosen));
    });
  });
}

/** First port of a free range, below the ports that the kernel hands out to outgoing connections. */
export async function freeRange(count: number): Promise<number> {
  for (;;) {
    const start = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      for (let port = start; port < start + count; port += 1) await tryPort(port);
      return start;
    } catch {
      continue;
    }
  }
}
