import { networkInterfaces } from 'node:os';
import { DEFAULT_BRIDGE_SUBNET, isAddress } from '../domain/address.ts';
import type { Settings } from '../settings.ts';

const BRIDGE_NAME = /^(?:docker|br-|cni|podman|virbr)/;

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
