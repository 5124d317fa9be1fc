import type { Logger } from 'pino';
import type { ErrorCode, OperatorError } from '../errors.ts';
import type { Clock } from './contracts.ts';

/** Failures of every day, which pass by themselves. */
const QUIET: ReadonlySet<ErrorCode> = new Set(['RESOURCE_CONFLICT', 'UPSTREAM_NAME_PENDING']);

/** Failures that are not the key's: every key meets them at once, and again at each retry. */
const SHARED: ReadonlySet<ErrorCode> = new Set([
  'STORE_WRITE_FAILED',
  'STORE_UNUSABLE',
  'PROXY_WRITE_FAILED',
  'CLEARML_UNREACHABLE',
  'CLEARML_UNAVAILABLE',
  'CLEARML_THROTTLED',
  'CLEARML_UNAUTHORIZED',
]);

const SAY_AGAIN_MS = 60_000;

/** Logs the failures of a controller; what 10,000 keys meet together is said once in a while, with how often it happened. */
export class FailureLog {
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #said = new Map<ErrorCode, { readonly at: number; unsaid: number }>();

  constructor(logger: Logger, clock: Pick<Clock, 'now'>) {
    this.#logger = logger;
    this.#clock = clock;
  }

  add(key: string, error: OperatorError, retryMs: number | undefined): void {
    const { code, details, message, outcome } = error;
    const unsaid = this.#takeTurn(code);
    const more = unsaid === undefined || unsaid === 0 ? {} : { sinceLastLine: unsaid };
    const fields = { key, code, details, retryMs, ...more };
    if (QUIET.has(code) || unsaid === undefined) this.#logger.debug(fields, message);
    else if (code === 'UNEXPECTED') this.#logger.error({ ...fields, err: error.cause }, message);
    else if (outcome === 'retry') this.#logger.warn(fields, message);
    else this.#logger.info(fields, message);
  }

  /** How many of its kind were not said since the last that was; undefined when it is not this one's turn either. */
  #takeTurn(code: ErrorCode): number | undefined {
    if (!SHARED.has(code)) return 0;
    const now = this.#clock.now();
    const last = this.#said.get(code);
    if (last !== undefined && now - last.at < SAY_AGAIN_MS) {
      last.unsaid += 1;
      return undefined;
    }
    this.#said.set(code, { at: now, unsaid: 0 });
    return last?.unsaid ?? 0;
  }
}
