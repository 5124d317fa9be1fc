import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { DEFAULT_BRIDGE_SUBNET, isAddress } from '../domain/address.ts';
import { OperatorError } from '../errors.ts';
import type { Settings } from '../settings.ts';

const BRIDGE_NAME = /^(?:docker|br-|cni|podman|virbr)/;
const LOOKUP_MS = 5_000;

/** Addresses that mean the host of the proxy: those of this host, and the public ones where they are addresses. */
export function ownAddresses({ router, tcp }: Settings): readonly string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const publicHost = new URL(router.url).hostname.replace(/^\[|\]$/g, '');
  const named = [publicHost, tcp?.address ?? ''].filter(isAddress);
  return [...new Set([...interfaces.map((entry) => entry.address), ...named])];
}

/** Subnets that are taken for bridges while the engine cannot be asked: the engine's first one, and those of bridge interfaces. */
export function assumedBridges(): readonly string[] {
  const bridges = Object.entries(networkInterfaces())
    .filter(([name]) => BRIDGE_NAME.test(name))
    .flatMap(([, entries]) => entries ?? [])
    .flatMap(({ cidr, family }) => (family === 'IPv4' && cidr !== null ? [cidr] : []));
  return [DEFAULT_BRIDGE_SUBNET, ...bridges];
}

/**
 * All addresses of a host name; none when there is no such name.
 *
 * @throws OperatorError `UPSTREAM_NAME_UNAVAILABLE` when the resolver cannot answer now: that says nothing of the name
 */
export async function lookupHost(
  hostName: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)]);
  try {
    const found = await Promise.race([lookup(hostName, { all: true }), aborted(timeout)]);
    return found.map(({ address }) => address);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOTFOUND') return [];
    throw new OperatorError('UPSTREAM_NAME_UNAVAILABLE', { hostName }, { cause });
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
