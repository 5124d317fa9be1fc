import type { KnownRuntime } from './task-view.ts';

/** Why an endpoint request is refused, before anything is resolved. */
export type RefusalReason =
  | 'InvalidPort'
  | 'InvalidAddress'
  | 'PortNotPublished'
  | 'LoopToOurselves'
  | 'InvalidRuntime';

/** What a task asks for, parsed; or why it cannot be given. */
export interface EndpointRequest {
  readonly protocol: 'http' | 'tcp';
  /** As the task wrote it; empty for the default endpoint. */
  readonly name: string;
  readonly target?: { readonly address: string; readonly port: number };
  readonly refusal?: { readonly reason: RefusalReason; readonly message: string };
}

/** What parsing needs to know of the router. */
export interface RequestContext {
  /** Public TCP address of the router, when TCP is on. */
  readonly tcpAddress?: string;
  readonly tcpPorts?: { readonly start: number; readonly end: number };
  /** Mark that this router wrote on the task: the upstreams that its own addresses replaced, by endpoint name. */
  readonly replacedUpstreams: Readonly<Record<string, string>>;
}

export declare function pickKnownKeys(runtime: unknown): KnownRuntime;
export declare function parseEndpointRequests(
  runtime: KnownRuntime,
  context: RequestContext,
): readonly EndpointRequest[];
