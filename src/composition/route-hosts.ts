import { randomUUID } from 'node:crypto';
import { findRouteHosts } from '../check/route-host-checks.ts';
import type { ResolveName } from './name-lookup.ts';
import type { RouterParts } from './parts.ts';

/** Says in the log when the hosts of routes have no address, as far as this process can tell; it never rejects. */
export async function warnOfRouteHosts(
  { settings, logger }: Pick<RouterParts, 'settings' | 'logger'>,
  resolve: ResolveName,
  signal: AbortSignal,
): Promise<void> {
  const { edge, router } = settings;
  if (edge.routeDomain === undefined) return;
  const newLabel = (): string => `clearway-${randomUUID()}`;
  const findings = await findRouteHosts(edge.routeDomain, router.url, { resolve, newLabel });
  if (signal.aborted) return;
  for (const { level, message, todo } of findings)
    if (level === 'warn') logger.warn({ todo }, message);
}
