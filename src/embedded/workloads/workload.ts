/** A real application that a demo task runs: somewhere it listens, until it is closed. */
export interface Workload {
  /** IP address that it listens on. */
  readonly address: string;
  readonly port: number;
  /** Ends every connection and stops listening; resolves when nothing is left of it. */
  close(): Promise<void>;
}
