import { BlockList, SocketAddress, isIP, isIPv6 } from 'node:net';

/** A set of networks that addresses are tested against. */
export interface NetworkSet {
  includes(address: string): boolean;
}

/** The networks of these CIDRs; what is no CIDR is left out. */
export function networkSet(cidrs: readonly string[]): NetworkSet {
  const list = new BlockList();
  for (const cidr of cidrs) addCidr(list, cidr);
  return {
    includes: (address) => {
      const plain = plainAddress(address);
      const version = isIP(plain);
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
    },
  };
}

/** True for `address/bits` with legal bits. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

/**
 * The one way to write an address: IPv6 in its short form (RFC 5952) without a zone, IPv4 that is written as IPv6 as IPv4; text
 * that is no address as it is.
 *
 * @example plainAddress('0:0:0:0:0:FFFF:7f00:1') // '127.0.0.1'
 */
export function plainAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const short = new SocketAddress({ address, family: 'ipv6' }).address;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(short)?.[1] ?? short;
}

/** True for an IPv4 or IPv6 literal. */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** `host:port`, with brackets where IPv6 needs them. */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Loopback, in both versions. */
export const LOOPBACK: NetworkSet = networkSet(['127.0.0.0/8', '::1/128']);

/**
 * Networks that no upstream may be in, whatever the settings say: this host, link-local, multicast, reserved, and where clouds answer
 * their own machines. Of IPv4 written for a NAT64 (RFC 6052, section 2.1) the same, and loopback.
 */
export const NEVER_UPSTREAM: NetworkSet = networkSet([
  '0.0.0.0/8',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '64:ff9b::/104',
  '64:ff9b::7f00:0/104',
  '64:ff9b::a9fe:0/112',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
]);

/** The bridge that every Docker engine makes first; engines without a socket are assumed to have it. */
export const DEFAULT_BRIDGE_SUBNET = '172.17.0.0/16';

function addCidr(list: BlockList, text: string): void {
  const cidr = parseCidr(text);
  if (cidr === undefined) return;
  list.addSubnet(cidr.address, cidr.bits, cidr.version);
}

function parseCidr(
  text: string,
):
  | { readonly address: string; readonly bits: number; readonly version: 'ipv4' | 'ipv6' }
  | undefined {
  const parts = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = parts?.[1] ?? '';
  const bits = Number(parts?.[2]);
  const version = isIP(address);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  return { address, bits, version: version === 4 ? 'ipv4' : 'ipv6' };
}
