/** What runs where, for programs that start the demo and use it. */
export interface ReadyFacts {
  /** URL of the embedded ClearML API. */
  readonly apiHost: string;
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly accessKey: string;
    readonly secretKey: string;
  }[];
  readonly router: {
    readonly name: string;
    readonly url: string;
    readonly tcpAddress: string;
    readonly tcpPorts: { readonly start: number; readonly end: number };
    readonly metricsUrl: string;
  };
  /** `task` is an id; `name` is the name of the endpoint, empty for the default one. */
  readonly routes: readonly {
    readonly task: string;
    readonly name: string;
    readonly protocol: 'http' | 'tcp';
    /** URL, or `address:port`. */
    readonly endpoint: string;
  }[];
  /** Path of a kubeconfig with the role admin, which only the user of the demo can read. */
  readonly kubeconfig: string;
  /** `proxy` is the supervisor that started nginx. */
  readonly pids: { readonly router: number; readonly proxy: number };
}
