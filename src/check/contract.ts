import type { Parsed, Settings } from '../settings.ts';

/** How bad a finding is. `skip` means that nothing could be said. */
export type Level = 'ok' | 'warn' | 'fail' | 'skip';

/** What a check found, and what to do about it. */
export interface Finding {
  readonly level: Level;
  readonly message: string;
  readonly todo?: string;
}

/** One look at the real world; it changes nothing there. */
export interface Check {
  readonly name: string;
  /** At least one finding. May throw, which becomes a finding. */
  readonly run: (context: CheckContext, signal: AbortSignal) => Promise<readonly Finding[]>;
}

/** Calls the ClearML API with the router's credentials. */
export interface ApiCaller {
  /** @throws OperatorError with a code `CLEARML_*` */
  call<T>(
    call: {
      readonly endpoint: string;
      readonly body: Readonly<Record<string, unknown>>;
      readonly parse: (data: Readonly<Record<string, unknown>>) => T;
    },
    signal: AbortSignal,
  ): Promise<T>;
}

/** What checks look at. */
export interface CheckContext {
  readonly parsed: Parsed<Settings>;
  /** Undefined when the settings of ClearML are not usable. */
  readonly api: ApiCaller | undefined;
  readonly machine: Machine;
}

/** What checks need to know of the machine. */
export interface Machine {
  /** True inside a container, which sees neither the ports nor the sysctls of its host. */
  readonly inContainer: boolean;
  /** The folder of the kernel's settings, `/proc/sys`. */
  readonly sysctlFolder: string;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Looks a host name up: all its addresses, none when there is no such name; rejects when nobody can say now. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** A DNS label that nobody has used. */
  readonly newLabel: () => string;
}

/** The findings of one check. */
export interface Report {
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** A good finding. */
export function ok(message: string): readonly Finding[] {
  return [{ level: 'ok', message }];
}

/** A finding of another level, with what to do about it. */
export function found(level: Level, message: string, todo?: string): readonly Finding[] {
  return [todo === undefined ? { level, message } : { level, message, todo }];
}

/** A check that needs usable settings, and says so when there are none. */
export function withSettings(
  name: string,
  run: (
    settings: Settings,
    context: CheckContext,
    signal: AbortSignal,
  ) => Promise<readonly Finding[]>,
): Check {
  return {
    name,
    run: (context, signal) =>
      context.parsed.kind === 'settings'
        ? run(context.parsed.settings, context, signal)
        : Promise.resolve(found('skip', 'not looked at: the settings are not usable')),
  };
}
