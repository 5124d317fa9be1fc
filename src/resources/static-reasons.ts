import type { ReasonText } from './reason-text.ts';

/** Why a task is not served at a StaticRoute, and why nobody is. */
export const AT_STATIC_ROUTES = {
  InvalidStaticRoute: {
    on: ['Accepted'],
    meaning:
      'The task asks for a static route in a way that cannot be read: the type of the route is unknown, or its name is missing.',
    action: 'Ask with request_external_endpoint(static_route=NAME), or without a static route.',
  },
  StaticRouteNotFound: {
    on: ['Accepted'],
    meaning: 'There is no StaticRoute with the name that the task asks for.',
    action:
      'Ask for one that exists (`kubectl get staticroutes`), or create it: the task is served as soon as it is there.',
  },
  StaticRouteDisabled: {
    on: ['Accepted'],
    meaning: 'The StaticRoute that the task asks for is disabled.',
    action: 'Set spec.enabled of the StaticRoute, or ask for another one.',
  },
  StaticRouteInUse: {
    on: ['Accepted'],
    meaning: 'Another task is served at the StaticRoute that the task asks for.',
    action:
      'Wait: whoever waits longest is served when that task ends. Or end it, or ask for another StaticRoute.',
  },
  StaticRouteNotAccepted: {
    on: ['Accepted'],
    meaning: 'The StaticRoute that the task asks for is not served by this router.',
    action: 'Look at the condition Accepted of the StaticRoute.',
  },
  PathTaken: {
    on: ['Accepted'],
    meaning: 'An older StaticRoute has the same path.',
    action: 'Give one of the two another path, or delete the older one.',
  },
  NeedsSharedOrigin: {
    on: ['Accepted'],
    meaning:
      'The router gives every endpoint a host of its own, and a path of its main host would share the origin of the sign-in page.',
    action: 'Unset CLEARWAY_ROUTE_DOMAIN, or let the task ask without a static route.',
  },
  OtherRouter: {
    on: ['Accepted'],
    meaning: 'The StaticRoute is for a router with another name.',
    action: 'Set spec.router to the ROUTER_NAME of the router that is to serve it, or remove it.',
  },
  Disabled: {
    on: ['Programmed', 'Ready'],
    meaning: 'The StaticRoute is disabled: no task is served there.',
    action: 'Set spec.enabled when tasks are to be served there.',
    isUsual: true,
  },
  NotInUse: {
    on: ['Programmed', 'Ready'],
    meaning: 'No task asks for the StaticRoute.',
    action: 'Start a task that asks for it by its name (static_route=NAME).',
    isUsual: true,
  },
} as const satisfies Record<string, ReasonText>;
