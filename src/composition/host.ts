import { networkInterfaces } from 'node:os';
import { DEFAULT_BRIDGE_SUBNET, isAddress } from '../domain/address.ts';
import type { Settings } from '../settings.ts';

const BRIDGE_NAME = /^(?:docker|br-|cni|podman|virbr)/;

/**
 * Addresses that mean the host of the proxy, as far as this process sees them: those of its interfaces, and the public ones
 * where they are addresses. In a container of its own it sees another network than the proxy, which reports what it sees.
 */
export function ownAddresses({ router, tcp }: Settings): readonly string[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  const publicHost = new URL(router.url).hostname.replace(/^\[|\]$/g, '');
  const named = [publicHost, tcp?.address ?? ''].filter(isAddress);
  return [...new Set([...interfaces.map((entry) => entry.address), ...named])];
}

/** Subnets that are taken for bridges while the engine cannot be asked: the engine's first one, and those that this process sees; the proxy reports more. */
export function assumedBridges(): readonly string[] {
  const bridges = Object.entries(networkInterfaces())
    .filter(([name]) => BRIDGE_NAME.test(name))
    .flatMap(([, entries]) => entries ?? [])
    .flatMap(({ cidr, family }) => (family === 'IPv4' && cidr !== null ? [cidr] : []));
  return [DEFAULT_BRIDGE_SUBNET, ...bridges];
}
