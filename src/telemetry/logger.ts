import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { describeError, redactFields, redactText } from './redact.ts';

export type { Logger } from 'pino';

/** What a logger is made of. */
export interface LoggerOptions {
  /** A level of pino. */
  readonly level: string;
  /** Exact name of the router; on every line. */
  readonly router?: string;
  /** Where lines go, one JSON object each. */
  readonly destination: DestinationStream;
}

/**
 * Makes the root logger: one JSON object a line, the time in ISO 8601, the level by name.
 *
 * @remarks
 * Call it with the fields first and a constant message second. Fields are named by the words of the
 * glossary, and the same thing has the same name everywhere: `task`, `route` (name of the TaskRoute),
 * `staticRoute`, `proxy`, `upstream`, `port`, `protocol`, `generation`, `controller`, `condition`, `reason`,
 * and `err` for an error. Tokens, cookies, keys and runtime dicts are taken out wherever they stand.
 */
export function createLogger({ level, router, destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: router === undefined ? {} : { router },
      timestamp: stdTimeFunctions.isoTime,
      messageKey: 'message',
      errorKey: 'err',
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      serializers: { err: describeError },
      // The last look, at the whole line: messages, stacks and the fields of child loggers.
      hooks: { streamWrite: redactText },
    },
    destination,
  );
}
