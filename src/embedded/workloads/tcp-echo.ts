import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Workload } from './workload.ts';

/** Starts a TCP server that greets with one line and then sends back every byte that it gets. */
export async function startTcpEcho(options: {
  readonly address: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** First line that a client reads, without its line end. */
  readonly greeting: string;
}): Promise<Workload> {
  const sockets = new Set<Socket>();
  // Half-closed clients still get what is on its way back to them.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.write(`${options.greeting}\n`);
    socket.pipe(socket);
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: options.address,
    port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
