// Generated from crds/*.yaml by scripts/generate-types.ts. Do not edit: run `make generate`.

/** One condition of a resource, as Kubernetes defines it. */
export interface Condition {
  /** What is observed, one word. */
  readonly type: string;
  /** Whether it holds; Unknown while nobody could tell. */
  readonly status: 'True' | 'False' | 'Unknown';
  /** Why, one word of the documented list (docs/conditions.md). */
  readonly reason: string;
  /** Why, as a sentence for people. */
  readonly message: string;
  /** The metadata.generation that this condition was set for. */
  readonly observedGeneration?: number;
  /** When status last changed from one value to another. */
  readonly lastTransitionTime: string;
}

/** The TCP ports that a router may lease. */
export interface PortPoolSpec {
  /** Exact name of the router (ROUTER_NAME). */
  readonly router: string;
  /** First port of the range. */
  readonly start: number;
  /** Last port of the range, itself included. */
  readonly end: number;
  /** Seconds that a freed port rests before another route may get it. */
  readonly restSeconds: number;
}

/** Who holds which port. */
export interface PortPoolStatus {
  /** The metadata.generation that this status was written for. */
  readonly observedGeneration?: number;
  /** The ports that are held. */
  readonly leases?: readonly {
    /** The port. */
    readonly port: number;
    /** Name of the TaskRoute. */
    readonly route: string;
  }[];
  /** Ports that were freed; nobody but the named route gets them before `until`. */
  readonly resting?: readonly {
    /** The port. */
    readonly port: number;
    /** Name of the TaskRoute that held it, when that is known. */
    readonly route?: string;
    /** When the rest is over. */
    readonly until: string;
  }[];
  /** Leasable ports that nobody holds. */
  readonly free?: number;
  /** Ports of the range that the proxy could not listen on. */
  readonly busy?: readonly number[];
  /** The latest observations of this object, one per condition type. */
  readonly conditions?: readonly Condition[];
}

/** Desired state of a router: what its settings say. */
export interface RouterSpec {
  /** Exact name of the router (ROUTER_NAME). */
  readonly name: string;
  /** Public URL, without a path and without a trailing slash (ROUTER_URL). */
  readonly url: string;
  /** Public address of TCP endpoints; absent when TCP is off. */
  readonly tcpAddress?: string;
  /** The range of TCP ports, both ends included; absent when TCP is off. */
  readonly tcpPorts?: {
    /** First port. */
    readonly start: number;
    /** Last port. */
    readonly end: number;
  };
  /** Names and patterns of the queues that are served; absent for every task. */
  readonly queues?: readonly string[];
}

/** Observed state of a router. */
export interface RouterStatus {
  /** The metadata.generation that this status was written for. */
  readonly observedGeneration?: number;
  /** The version of Clearway that runs. */
  readonly version?: string;
  /** Id of this installation of the router, made once per state folder. */
  readonly instance?: string;
  /** The public URL that is in use. */
  readonly url?: string;
  /** When ClearML last answered a complete pass. */
  readonly lastSync?: string;
  /** How many TaskRoutes this router has. */
  readonly routes?: number;
  /** How many of them are ready. */
  readonly ready?: number;
  /** The proxies that are connected, and what each acknowledged. */
  readonly proxies?: readonly {
    /** Id of the nginx, new for each start of it. */
    readonly id: string;
    /** How many workers it has. */
    readonly workers: number;
    /** Revision of the nginx configuration that it runs. */
    readonly configRevision: string;
    /** The lowest generation of the route table that all its live workers acknowledged. */
    readonly generation: number;
    /** Whether all its workers are live. */
    readonly complete: boolean;
  }[];
  /** The latest observations of this object, one per condition type. */
  readonly conditions?: readonly Condition[];
}

/** Desired state of an address. */
export interface StaticRouteSpec {
  /** Path at the root of the router, one name after a slash, such as /chat; /service is taken. */
  readonly path: string;
  /** Whether tasks may be served there. Connections end when it becomes false. */
  readonly enabled: boolean;
  /**
   * Who gets in, authenticated callers that may use the task, or everybody without a sign-in
   * (public).
   */
  readonly access: 'authenticated' | 'public';
  /**
   * Whether the application gets the path with its prefix (keep) or without (strip). Absent,
   * the tag of the task decides, and strip without one.
   */
  readonly pathMode?: 'strip' | 'keep';
  /**
   * Exact name of the router that serves it (ROUTER_NAME); absent, every router of the
   * namespace.
   */
  readonly router?: string;
}

/** Observed state of a StaticRoute. */
export interface StaticRouteStatus {
  /** The metadata.generation that this status was written for. */
  readonly observedGeneration?: number;
  /** The address that users open. */
  readonly url?: string;
  /**
   * NotInUse when no task asks for it, Pending while one does and is not served yet, Routing
   * when one is served.
   */
  readonly state?: 'NotInUse' | 'Pending' | 'Routing';
  /**
   * Name of the TaskRoute that is served there; the first comer keeps the address until its
   * task ends.
   */
  readonly route?: string;
  /** The addresses that the proxy connects to, as address:port. */
  readonly targets?: readonly string[];
  /**
   * The tasks that ask for it, the one that is served first, the others in the order of
   * their coming.
   */
  readonly tasks?: readonly {
    /** Id of the task. */
    readonly id: string;
    /** Name of the task, for people. */
    readonly name: string;
    /** Name of its TaskRoute. */
    readonly route: string;
  }[];
  /** The latest observations of this object, one per condition type. */
  readonly conditions?: readonly Condition[];
}

/** Desired state of one endpoint of one task. */
export interface TaskRouteSpec {
  /** Exact name of the router (ROUTER_NAME). */
  readonly router: string;
  /** The ClearML task that asks for the endpoint. */
  readonly task: {
    /** Id of the task. */
    readonly id: string;
    /** Name of the task, for people. */
    readonly name: string;
    /** Id of the user who owns the task. */
    readonly user?: string;
    /** Id of the company (tenant) that the task belongs to. */
    readonly company?: string;
    /** Id of the queue that the task was enqueued in. */
    readonly queue?: string;
  };
  /** What the endpoint speaks; tcp forwards bytes untouched. */
  readonly protocol: 'http' | 'tcp';
  /** Name of the endpoint as the task wrote it; empty for the default endpoint. */
  readonly endpointName: string;
  /** What the task asks for; absent when the request is refused. */
  readonly target?: {
    /**
     * IP address or host name that the task gave; empty where it gave only this router's own,
     * so its container or worker has to be found.
     */
    readonly address: string;
    /** Port that the task listens on. */
    readonly port: number;
  };
  /** Why the request is refused. */
  readonly refusal?: {
    /** One word of the documented list (docs/conditions.md). */
    readonly reason: string;
    /** A sentence for people; it says what to change. */
    readonly message: string;
  };
  /**
   * Name of the StaticRoute that the task asks to be served at, as the task wrote it. http
   * only.
   */
  readonly staticRoute?: string;
  /**
   * Whether the application gets the path with its prefix (keep) or without (strip). http
   * only.
   */
  readonly pathMode?: 'strip' | 'keep';
}

/** Observed state of a TaskRoute. */
export interface TaskRouteStatus {
  /** The metadata.generation that this status was written for. */
  readonly observedGeneration?: number;
  /** http: the URL for programs. */
  readonly endpoint?: string;
  /** http: the URL for browsers. */
  readonly browserEndpoint?: string;
  /** tcp: the address that users connect to. */
  readonly externalAddress?: string;
  /** tcp: the port that users connect to, leased from the PortPool. */
  readonly externalPort?: number;
  /**
   * Where the proxy connects; kept while UpstreamResolved is False for a reason that may
   * pass.
   */
  readonly upstream?: {
    /** IP address, v6 without brackets. */
    readonly address: string;
    /** Port. */
    readonly port: number;
    /**
     * Who said so, the task itself, the Docker engine, ClearML's list of workers, or our mark
     * on the task.
     */
    readonly source: 'task' | 'engine' | 'worker' | 'mark';
  };
  /** The latest observations of this object, one per condition type. */
  readonly conditions?: readonly Condition[];
}
