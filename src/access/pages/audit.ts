import { cleanForLog } from '../../telemetry/clean.ts';
import type { PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';

/** What is written down about who comes and goes. */
export interface AuditFacts {
  /** Id of the ClearML user. */
  readonly user?: string;
  /** User name or access key as it was typed. */
  readonly name?: string;
  /** Why somebody was refused. */
  readonly reason?: string;
  /** True for a sign-out on all devices. */
  readonly everywhere?: boolean;
}

/** Writes one line of bounded length. Never give it a password. */
export function audit(
  message: 'signed in' | 'sign-in refused' | 'signed out',
  facts: AuditFacts,
  { address, routeKey }: PageRequest,
  { logger }: Pick<PagesParts, 'logger'>,
): void {
  const { user, name, ...others } = facts;
  const texts = { user, name, address, host: routeKey };
  const cleaned = Object.entries(texts).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, cleanForLog(text)] as const],
  );
  logger.info({ audit: true, ...Object.fromEntries(cleaned), ...others }, message);
}
