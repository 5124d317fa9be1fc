// The one list of what conditions and events may say. docs/conditions.md is made from it, and the tests hold the
// sources against it: a reason that is not here is not used.
import type { ReasonText } from './reason-text.ts';
import { AT_STATIC_ROUTES } from './static-reasons.ts';

/** What a condition answers, by kind and type. */
export const CONDITION_TYPES = {
  TaskRoute: {
    Accepted: 'The request is well formed and this router serves it.',
    UpstreamResolved: 'The router knows where the task listens, and may connect there.',
    Programmed: 'Every worker of at least one proxy serves the route.',
    Published: "The address stands in the task's runtime properties, where ClearML shows it.",
    Ready:
      'Users can be sent to the address: Accepted, Programmed and Published hold. While one does not, Ready has its reason.',
    Answering: 'The application has answered at its upstream.',
  },
  StaticRoute: {
    Accepted: 'The address is in order, nobody else has it, and this router serves it.',
    Programmed: 'Every worker of at least one proxy serves a task at the address.',
    Ready: 'Users can be sent to the address: Accepted and Programmed hold.',
  },
  Router: {
    ClearMLReachable: 'The ClearML API answers and accepts the credentials.',
    ProxiesConnected: 'At least one proxy is connected with all its workers.',
    Ready: 'The router serves: it has seen all tasks once, and a proxy is connected.',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

const GOOD = {
  Accepted: { on: ['Accepted'], meaning: 'The request is in order.' },
  GivenByTask: {
    on: ['UpstreamResolved'],
    meaning: 'The upstream is the address that the task gave.',
  },
  FoundByEngine: {
    on: ['UpstreamResolved'],
    meaning: "The upstream is an address of the task's container, as the Docker engine says.",
  },
  FoundByWorker: {
    on: ['UpstreamResolved'],
    meaning: 'The upstream is the address of the worker that runs the task, as ClearML heard it.',
  },
  Programmed: { on: ['Programmed'], meaning: 'The proxy serves the route.' },
  Published: { on: ['Published'], meaning: 'ClearML shows the address.' },
  Ready: { on: ['Ready'], meaning: 'The address can be used.' },
  Answered: { on: ['Answering'], meaning: 'The application has answered.' },
  Reachable: { on: ['ClearMLReachable'], meaning: 'ClearML answers.' },
  Connected: { on: ['ProxiesConnected'], meaning: 'A proxy is connected with all its workers.' },
} as const satisfies Record<string, ReasonText>;

const REFUSED = {
  InvalidPort: {
    on: ['Accepted'],
    meaning: 'The port that the task wrote is no number from 1 to 65535.',
    action: 'Pass the port on which the application listens, and ask for the endpoint again.',
  },
  InvalidAddress: {
    on: ['Accepted'],
    meaning: 'The address that the task wrote is neither an IP address nor a host name.',
    action: 'Pass no address, or one without a scheme, port and path.',
  },
  InvalidRuntime: {
    on: ['Accepted'],
    meaning: "The task's runtime properties, or one of our keys in them, cannot be read.",
    action:
      'Ask for the endpoint with the SDK or with `clearway expose`; keys written by hand have their form in the documentation.',
  },
  InvalidName: {
    on: ['Accepted'],
    meaning: 'The name of the endpoint cannot be used.',
    action: 'Give the endpoint a shorter, plain name.',
  },
  TooManyEndpoints: {
    on: ['Accepted'],
    meaning: 'The task asks for more endpoints than one task may have.',
    action: 'Ask for fewer endpoints, or spread them over several tasks.',
  },
  PortNotPublished: {
    on: ['Accepted'],
    meaning: 'The task runs in a container that does not publish this port on its host.',
    action: 'Publish the port (docker run -p), or run the container with host networking.',
  },
  LoopToOurselves: {
    on: ['Accepted'],
    meaning: 'The task asks for our own public address as its upstream.',
    action: 'Ask for the endpoint again, with the address and port of the application itself.',
  },
  OwnedByAnotherRouter: {
    on: ['Accepted'],
    meaning: 'Another router serves this task: its mark is on it.',
    action:
      'Give the two routers queues that do not overlap. If the other one is retired, start this one with CLEARWAY_TAKE_OVER, or run `clearway release --router NAME`.',
  },
  DuplicateRouterName: {
    on: ['Accepted'],
    meaning: 'Another installation with the same ROUTER_NAME serves this task.',
    action:
      'Give each router its own ROUTER_NAME. If the other installation is gone, start this one with CLEARWAY_TAKE_OVER set to the name.',
  },
  TcpDisabled: {
    on: ['Accepted'],
    meaning: 'The task asks for a TCP endpoint, and this router serves none.',
    action: 'Set TCP_ROUTER_ADDRESS, TCP_PORT_START and TCP_PORT_END on the router.',
  },
} as const satisfies Record<string, ReasonText>;

const UNRESOLVED = {
  AmbiguousBridgeAddress: {
    on: ['UpstreamResolved'],
    meaning:
      'The task gave an address inside a Docker bridge network, which exists on every host, and nobody could tell which host it means.',
    action:
      "Mount the engine's socket into the router, run the task's container with host networking, or name the network in CLEARWAY_UPSTREAM_CIDRS.",
  },
  AddressNotAllowed: {
    on: ['UpstreamResolved'],
    meaning: 'The upstream is in a network that this router does not connect to.',
    action: 'Add the network to CLEARWAY_UPSTREAM_CIDRS if tasks may listen there.',
  },
  NameNotResolved: {
    on: ['UpstreamResolved'],
    meaning: 'The host name that the task gave has no address here.',
    action: 'Make the name known to the resolver of the router, or let the task give an address.',
  },
  ContainerNotRunning: {
    on: ['UpstreamResolved'],
    meaning: "The task's container is stopped; address and port are kept for its return.",
    action: 'Start the container, or end the task in ClearML.',
  },
  OwnListener: {
    on: ['UpstreamResolved'],
    meaning: 'The upstream is a port on which the proxy itself listens.',
    action: 'Let the application listen on a port outside the range of the router.',
  },
  NameLookupFailed: {
    on: ['UpstreamResolved'],
    meaning: 'Nobody could say whether the host name that the task gave has an address.',
    action: 'See that the resolver of the router answers.',
  },
  UpstreamNotResolved: {
    on: ['Programmed'],
    meaning: 'There is no upstream yet; visitors see the waiting page.',
    action: 'Look at the condition UpstreamResolved.',
  },
} as const satisfies Record<string, ReasonText>;

const WAITING = {
  Pending: {
    on: ['Accepted', 'Published', 'Ready'],
    meaning: 'It is being done.',
    action:
      'Wait a moment; if it stays, look at the condition ClearMLReachable of the Router and at its log.',
    isUsual: true,
  },
  NotAccepted: {
    on: ['UpstreamResolved', 'Programmed', 'Published'],
    meaning: 'The request is refused, so nothing more is done for it.',
    action: 'Look at the condition Accepted.',
  },
  LeasePending: {
    on: ['Programmed'],
    meaning: 'A TCP port is being leased.',
    action: 'Wait a moment.',
    isUsual: true,
  },
  PortsResting: {
    on: ['Programmed'],
    meaning: 'The ports that nobody holds rest before anyone else gets them.',
    action: 'Wait, lower CLEARWAY_PORT_REST_SECONDS, or widen TCP_PORT_START and TCP_PORT_END.',
  },
  PortNotHeld: {
    on: ['Programmed'],
    meaning: "Another program of the proxy's host listens on the port that the route holds.",
    action:
      'End that program, or start it on a port outside the range; the proxy takes the port by itself.',
  },
  PortRangeExhausted: {
    on: ['Programmed'],
    meaning: 'Every TCP port of the router is leased, or held by another program.',
    action: 'Widen TCP_PORT_START and TCP_PORT_END, or end tasks that are no longer needed.',
  },
  WaitingForProxy: {
    on: ['Programmed'],
    meaning: 'No proxy with all its workers has taken over the newest routes yet.',
    action: 'See that the proxy runs and shares the nginx folder with the router.',
    isUsual: true,
  },
  WaitingForProgrammed: {
    on: ['Published'],
    meaning: 'The address is published as soon as a proxy serves it.',
    action: 'Look at the condition Programmed.',
    isUsual: true,
  },
  WaitingForQuiet: {
    on: ['Published'],
    meaning: 'The task is being written to; the address follows within seconds.',
    action: 'Wait a moment.',
    isUsual: true,
  },
  WaitingForFirstAnswer: {
    on: ['Answering'],
    meaning: 'The application has not answered a request yet.',
    action: 'Open the address: nothing is asked of the application before somebody does.',
    isUsual: true,
  },
  NoAnswerYet: {
    on: ['Answering'],
    meaning: 'Nothing has answered at the upstream for two minutes.',
    action:
      'See that the application listens on 0.0.0.0 and not on 127.0.0.1, on the port that was asked for, and that it has started.',
  },
  Unreachable: {
    on: ['ClearMLReachable', 'Ready'],
    meaning: 'ClearML does not answer, or not as it should; routes stay as they are.',
    action:
      'The message says what came back. See that the ClearML API runs, can be reached from the router, and accepts its credentials (`clearway check`).',
  },
  NoCompleteProxy: {
    on: ['ProxiesConnected', 'Ready'],
    meaning: 'No proxy is connected with all its workers.',
    action: 'See that the proxy runs and shares the nginx folder with the router.',
  },
} as const satisfies Record<string, ReasonText>;

const UNPUBLISHED = {
  ContestedByAnotherWriter: {
    on: ['Published'],
    meaning: "Something else keeps overwriting our keys in the task's runtime properties.",
    action:
      'Find the other writer: a second gateway, or code of the task that writes its runtime properties whole.',
  },
  TaskNotWritable: {
    on: ['Published'],
    meaning: 'ClearML does not let this router write to the task.',
    action: 'Use credentials of a user who may edit the tasks of the tenant (`clearway check`).',
  },
  NameConflict: {
    on: ['Accepted'],
    meaning: 'Another endpoint of the task leads to the same address, and has it.',
    action: 'Give each endpoint of a task its own name.',
  },
} as const satisfies Record<string, ReasonText>;

const EVENTS = {
  TaskEnded: {
    on: ['Event'],
    meaning: 'The route is withdrawn: ClearML says that the task ended.',
  },
  EndpointWithdrawn: {
    on: ['Event'],
    meaning: 'The route is withdrawn: the task no longer asks for this endpoint.',
  },
  QueueNotServed: {
    on: ['Event'],
    meaning: "The route is withdrawn: the task's queue is not one of LISTEN_QUEUE_NAME.",
    action: 'Add the queue to LISTEN_QUEUE_NAME if this router should serve it.',
  },
} as const satisfies Record<string, ReasonText>;

/** Every reason that a condition or an event may carry. */
export const REASONS = {
  ...GOOD,
  ...REFUSED,
  ...AT_STATIC_ROUTES,
  ...UNRESOLVED,
  ...WAITING,
  ...UNPUBLISHED,
  ...EVENTS,
} as const satisfies Record<string, ReasonText>;

/** What a reason of the documented list means; undefined for any other word. */
export function reasonText(reason: string): ReasonText | undefined {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS] : undefined;
}
