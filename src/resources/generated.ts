// Generated from crds/*.yaml by scripts/generate-types.ts. Do not edit: run `make generate`.

/** One condition of a resource, as Kubernetes defines it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
}

/** Desired state of one endpoint of one task. */
export interface TaskRouteSpec {
  /** Exact name of the router (ROUTER_NAME). */
  readonly router: string;
  readonly task: {
    readonly id: string;
    readonly name: string;
    readonly user?: string;
    readonly company?: string;
    /** Id of the queue that the task was enqueued in. */
    readonly queue?: string;
  };
  readonly protocol: 'http' | 'tcp';
  /** Name of the endpoint as the task wrote it; empty for the default endpoint. */
  readonly endpointName: string;
  /** What the task asks for; absent when the request is refused. */
  readonly target?: { readonly address: string; readonly port: number };
  /** Why the request is refused. */
  readonly refusal?: { readonly reason: string; readonly message: string };
  /** http only. */
  readonly pathMode?: 'strip' | 'keep';
}

/** Observed state of a TaskRoute. */
export interface TaskRouteStatus {
  readonly observedGeneration?: number;
  /** http: the URL for programs. */
  readonly endpoint?: string;
  /** http: the URL for browsers. */
  readonly browserEndpoint?: string;
  /** tcp: where users connect. */
  readonly externalAddress?: string;
  readonly externalPort?: number;
  /** Where the proxy connects; kept while UpstreamResolved is False for a reason that may pass. */
  readonly upstream?: {
    readonly address: string;
    readonly port: number;
    readonly source: 'task' | 'engine' | 'worker' | 'mark';
  };
  readonly conditions?: readonly Condition[];
}

/** Desired state of a router: what its settings say. */
export interface RouterSpec {
  readonly name: string;
  readonly url: string;
  readonly tcpAddress?: string;
  readonly tcpPorts?: { readonly start: number; readonly end: number };
  readonly queues?: readonly string[];
}

/** Observed state of a router. */
export interface RouterStatus {
  readonly observedGeneration?: number;
  readonly version?: string;
  /** Id of this installation of the router, made once per state folder. */
  readonly instance?: string;
  readonly url?: string;
  readonly lastSync?: string;
  readonly routes?: number;
  readonly ready?: number;
  readonly proxies?: readonly {
    readonly id: string;
    readonly workers: number;
    readonly configRevision: string;
    readonly generation: number;
    readonly complete: boolean;
  }[];
  readonly conditions?: readonly Condition[];
}

/** The TCP ports that a router may lease. */
export interface PortPoolSpec {
  readonly router: string;
  readonly start: number;
  readonly end: number;
  readonly restSeconds: number;
}

/** Who holds which port. */
export interface PortPoolStatus {
  readonly observedGeneration?: number;
  readonly leases?: readonly {
    readonly port: number;
    /** Name of the TaskRoute. */
    readonly route: string;
  }[];
  /** Ports that were freed; nobody but the named route gets them before `until`. */
  readonly resting?: readonly {
    readonly port: number;
    readonly route?: string;
    readonly until: string;
  }[];
  /** Leasable ports that nobody holds. */
  readonly free?: number;
  /** Ports of the range that the proxy could not listen on. */
  readonly busy?: readonly number[];
  readonly conditions?: readonly Condition[];
}
