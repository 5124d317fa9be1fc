import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { OperatorError } from '../../errors.ts';

/** Ports that were found free, and are kept from others until they are released. */
export interface HeldPorts {
  readonly start: number;
  /** Last port; part of it. */
  readonly end: number;
  /** Gives the ports up, so that their real user can take them. */
  release(): Promise<void>;
}

/** From `start` to `end`, both part of it. */
export interface PortSpan {
  readonly start: number;
  readonly end: number;
}

const LINUX_EPHEMERAL: PortSpan = { start: 32_768, end: 60_999 };

/** Reads the ports that this machine gives to outgoing connections (ip(7), ip_local_port_range). */
export async function readEphemeral(): Promise<PortSpan> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '');
  const [start, end] = text.trim().split(/\s+/u).map(Number);
  if (!Number.isInteger(start) || !Number.isInteger(end)) return LINUX_EPHEMERAL;
  return { start: start ?? 0, end: end ?? 0 };
}

/** Lists where a range of `size` ports can begin: outside the ephemeral ports, where anything is left outside. */
export function rangeStarts(size: number, ephemeral: PortSpan): readonly number[] {
  const all = Array.from(
    { length: Math.floor(45_000 / size) },
    (_, index) => 20_000 + index * size,
  );
  const fitting = all.filter((start) => start + size - 1 <= 65_535);
  const outside = fitting.filter(
    (start) => start + size - 1 < ephemeral.start || start > ephemeral.end,
  );
  return outside.length > 0 ? outside : fitting;
}

/**
 * Holds the first span of `size` ports that is free as a whole, on every address of the host.
 *
 * @throws {@link OperatorError} `DEMO_FAILED` when no candidate is free.
 */
export async function holdPorts(
  what: string,
  candidates: readonly number[],
  size: number,
): Promise<HeldPorts> {
  for (const start of candidates) {
    const servers = await holdSpan({ start, end: start + size - 1 });
    if (servers === undefined) continue;
    return { start, end: start + size - 1, release: () => closeAll(servers) };
  }
  const reason =
    candidates.length === 1
      ? `port ${String(candidates[0])} is taken by another process`
      : 'all ports that were tried are taken';
  throw new OperatorError('DEMO_FAILED', { part: what, reason });
}

async function holdSpan(span: PortSpan): Promise<readonly Server[] | undefined> {
  const servers: Server[] = [];
  for (let port = span.start; port <= span.end; port += 1) {
    const server = await listen(port);
    if (server === undefined) {
      await closeAll(servers);
      return undefined;
    }
    servers.push(server);
  }
  return servers;
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  // Without a host: on every address, IPv6 included where the host has it.
  server.listen(port);
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    }),
  );
}

/** Finds a port of this address that nobody has at the moment. */
export async function findFreePort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await closeAll([server]);
  return port;
}
