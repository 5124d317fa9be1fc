/** What a reason means. */
export interface ReasonText {
  /** Types of the conditions that may carry it; `Event` when an event may carry it without a condition. */
  readonly on: readonly string[];
  readonly meaning: string;
  /** What to do; absent when all is well. */
  readonly action?: string;
  /** True when it belongs to the life of a resource with which all is well: an event of it is no warning. */
  readonly isUsual?: true;
}
