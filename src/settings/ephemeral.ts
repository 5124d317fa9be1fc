/** A range of ports; both ends are part of it. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** Ports that Linux hands out to outgoing connections unless told otherwise (ip_local_port_range). */
export const LINUX_EPHEMERAL_PORTS: PortRange = { start: 32_768, end: 60_999 };

/** True when two ranges have a port in common. */
export function overlaps(left: PortRange, right: PortRange): boolean {
  return left.start <= right.end && right.start <= left.end;
}

/** The command that keeps a range free from outgoing connections. */
export function reserveLine({ start, end }: PortRange): string {
  return `sysctl -w net.ipv4.ip_local_reserved_ports=${String(start)}-${String(end)}`;
}
