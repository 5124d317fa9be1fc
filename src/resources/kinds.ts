import type {
  PortPoolSpec,
  PortPoolStatus,
  RouterSpec,
  RouterStatus,
  StaticRouteSpec,
  StaticRouteStatus,
  TaskRouteSpec,
  TaskRouteStatus,
} from './generated.ts';

/** The API version of every resource of ours. */
export const API_VERSION = 'clearway.dev/v1alpha1';

/** Label of every derived object: the object name of the router that owns it. */
export const ROUTER_LABEL = 'clearway.dev/router';

/** Which fields a writer set last, as server-side apply keeps it (Kubernetes API, meta/v1 ManagedFieldsEntry). */
export interface ManagedFieldsEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

/** What every stored object carries beside spec and status. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Opaque; only equality means something. */
  readonly resourceVersion: string;
  /** Counts the changes of spec. */
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** A stored object. */
export interface Resource<Kind extends string, Spec, Status> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  readonly spec: Spec;
  readonly status: Status;
}

/** One endpoint of one task. */
export type TaskRoute = Resource<'TaskRoute', TaskRouteSpec, TaskRouteStatus>;
/** One control plane. */
export type Router = Resource<'Router', RouterSpec, RouterStatus>;
/** The TCP ports of a router. */
export type PortPool = Resource<'PortPool', PortPoolSpec, PortPoolStatus>;

/** An address that an administrator defined. */
export type StaticRoute = Resource<'StaticRoute', StaticRouteSpec, StaticRouteStatus>;

/** From a kind's name to its type. */
export interface ResourceByKind {
  readonly TaskRoute: TaskRoute;
  readonly StaticRoute: StaticRoute;
  readonly Router: Router;
  readonly PortPool: PortPool;
}

/** The name of a kind. */
export type Kind = keyof ResourceByKind;
