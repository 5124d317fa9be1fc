import { isAddress, plainAddress } from './address.ts';

const NAME_LENGTH = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
// Resolvers read a name whose last label is a number as an IPv4 address: `2130706433` and `0x7f.1` are loopback.
const NUMERIC_LABEL = /^(?:\d+|0x[0-9a-f]*)$/;

/**
 * A host as the rest of Clearway uses it: an IP address (v6 without brackets, IPv4-mapped ones as IPv4) or a host name
 * in lower case without a final dot; undefined for anything else.
 *
 * @example parseHost('[2001:DB8::1]') // '2001:db8::1'
 */
export function parseHost(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase();
  const bare = /^\[(.*)\]$/.exec(trimmed)?.[1] ?? trimmed;
  if (isAddress(bare)) return bare.includes('%') ? undefined : plainAddress(bare);
  if (trimmed !== bare) return undefined;
  const name = bare.endsWith('.') ? bare.slice(0, -1) : bare;
  return isHostName(name) ? name : undefined;
}

/** A port from 1 to 65535, from a whole number or its digits; undefined for anything else. */
export function parsePort(value: unknown): number | undefined {
  const port = typeof value === 'string' ? numberOf(value) : value;
  if (typeof port !== 'number' || !Number.isInteger(port)) return undefined;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** What `address:port` says; the last colon splits, so IPv6 needs no brackets. */
export function parseHostPort(
  text: string,
): { readonly address: string; readonly port: number } | undefined {
  const split = text.lastIndexOf(':');
  if (split <= 0) return undefined;
  const address = parseHost(text.slice(0, split));
  const port = parsePort(text.slice(split + 1));
  return address === undefined || port === undefined ? undefined : { address, port };
}

function numberOf(text: string): number | undefined {
  const digits = /^\s*(\d{1,5})\s*$/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function isHostName(name: string): boolean {
  if (name.length === 0 || name.length > NAME_LENGTH) return false;
  const labels = name.split('.');
  return labels.every((label) => LABEL.test(label)) && !NUMERIC_LABEL.test(labels.at(-1) ?? '');
}
