import { API_VERSION } from '../../resources/kinds.ts';
import type { EventReader, StoredEvent } from '../../store/contract.ts';
import type { AnyChange, AnyObject, ObjectSource } from '../contracts.ts';

/** Who records events. */
const COMPONENT = 'clearway';

/** The fields of a core/v1 Event that we fill. */
export interface CoreEvent extends AnyObject {
  readonly involvedObject: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly apiVersion: string;
  };
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
  readonly type: string;
  readonly eventTime: null;
  readonly reportingComponent: string;
  readonly reportingInstance: string;
}

/** What happened to the resources of a namespace, as core/v1 Events. */
export function eventSource(events: EventReader, namespace: string): ObjectSource {
  const known = new WeakMap<StoredEvent, AnyObject>();
  const view = (stored: StoredEvent): AnyObject => {
    const found = known.get(stored);
    if (found !== undefined) return found;
    const made = toCoreEvent(stored, namespace);
    known.set(stored, made);
    return made;
  };
  return {
    list: async () => {
      const { items, resourceVersion } = await events.listEvents();
      return { items: items.map(view), resourceVersion };
    },
    get: async (name) => {
      const { items } = await events.listEvents();
      const found = items.find(({ eventName }) => eventName === name);
      return found === undefined ? undefined : view(found);
    },
    watch: (resourceVersion, signal) => changes(events, view, resourceVersion, signal),
  };
}

async function* changes(
  events: EventReader,
  view: (stored: StoredEvent) => AnyObject,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<AnyChange, void, undefined> {
  for await (const { type, object, previous } of events.watchEvents(resourceVersion, signal)) {
    const before = previous === undefined ? {} : { previous: view(previous) };
    yield { type, object: view(object), ...before };
  }
}

/** An event of ours as Kubernetes writes events (core/v1 Event). */
export function toCoreEvent(stored: StoredEvent, namespace: string): CoreEvent {
  const { kind, name, uid, type, reason, message, count, firstTime, lastTime } = stored;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: stored.eventName,
      namespace,
      uid: stored.eventUid,
      resourceVersion: stored.resourceVersion,
      creationTimestamp: firstTime,
    },
    involvedObject: { kind, namespace, name, uid, apiVersion: API_VERSION },
    reason,
    message,
    source: { component: COMPONENT },
    firstTimestamp: firstTime,
    lastTimestamp: lastTime,
    count,
    type,
    eventTime: null,
    reportingComponent: COMPONENT,
    reportingInstance: '',
  };
}
