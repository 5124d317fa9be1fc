import type { FormatName } from './formats.ts';

/** One setting of the schema: convict's fields, and what documentation and messages need. */
export interface Setting<T> {
  /** Every environment name that is accepted; the first one is documented. */
  readonly names: readonly [string, ...string[]];
  readonly doc: string;
  readonly example: string;
  readonly format: FormatName;
  readonly min?: number;
  readonly max?: number;
  /** Null means that there is none. */
  readonly default: T | null;
  /** True when it may be left out although there is no default. */
  readonly nullable?: boolean;
  /** In words, where the default depends on something. */
  readonly defaultText?: string;
  /** True for secrets: the value is never shown. */
  readonly sensitive?: boolean;
  /** True when outer white space is part of the value. */
  readonly verbatim?: boolean;
}

/** The settings of one subject, by their names in the code. */
export type SettingGroup = Readonly<Record<string, Setting<unknown>>>;

/** Every setting of some groups. */
export function listSettings(
  groups: Readonly<Record<string, SettingGroup>>,
): readonly Setting<unknown>[] {
  return Object.values(groups).flatMap((group) => Object.values(group));
}

/** Default of a setting that may be left out. */
export const OPTIONAL = { default: null, nullable: true } as const;
