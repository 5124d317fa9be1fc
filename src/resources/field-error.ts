/** What is wrong with one field. */
export interface FieldError {
  /** Path, as in `spec.task.id` or `status.leases[3].port`; of a map's key, `metadata.labels[key]`. */
  readonly field: string;
  /** The cause as Kubernetes names it in a Status. */
  readonly reason:
    | 'FieldValueRequired'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong'
    | 'FieldValueTypeInvalid'
    | 'FieldValueTooMany';
  /** What was expected; it never repeats the value. */
  readonly message: string;
}
