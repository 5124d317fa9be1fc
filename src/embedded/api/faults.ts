import { BareNumber, isDict, type Dict } from './json.ts';

/** Something that goes wrong on order. */
export type Fault =
  | { readonly kind: 'latency'; readonly ms: number }
  /** An envelope with this HTTP status, as when Redis or the database is down. */
  | { readonly kind: 'status'; readonly status: number; readonly subcode?: number }
  /** 401/30, as for an expired token. */
  | { readonly kind: 'unauthorized' }
  /** 429 with Retry-After. */
  | { readonly kind: 'throttle'; readonly retryAfterSeconds: number }
  /** Half of the body, then the connection breaks. */
  | { readonly kind: 'cut' }
  /** The lists of the answer are empty. */
  | { readonly kind: 'empty-page' }
  /** A page instead of JSON, as from a load balancer or a sign-in portal. */
  | { readonly kind: 'html'; readonly status?: number }
  /** A bare NaN in the runtime of the first task, or in the data. */
  | { readonly kind: 'nan' }
  /** The connection breaks without an answer. */
  | { readonly kind: 'reset' };

/** An order for a fault: which calls it hits, and how often. */
export interface FaultOrder {
  /** Regular expression on `service.action`. */
  readonly endpoint: string;
  /** How many calls it hits; every one when absent. */
  readonly count?: number;
  readonly fault: Fault;
}

/** The faults on order. */
export class FaultBook {
  #orders: { readonly order: FaultOrder; readonly pattern: RegExp; left: number }[] = [];

  /** Takes an order. @throws SyntaxError when its endpoint is no regular expression. */
  order(order: FaultOrder): void {
    const pattern = new RegExp(order.endpoint);
    this.#orders.push({ order, pattern, left: order.count ?? Infinity });
  }

  /** Forgets all orders. */
  clear(): void {
    this.#orders = [];
  }

  /** The orders with calls left to hit. */
  get orders(): readonly FaultOrder[] {
    return this.#orders.map(({ order, left }) =>
      left === Infinity ? order : { ...order, count: left },
    );
  }

  /** The faults that hit this call: all latencies, and the first of the others. */
  take(endpoint: string): readonly Fault[] {
    const taken: Fault[] = [];
    let struck = false;
    for (const entry of this.#orders) {
      const { fault } = entry.order;
      if (!entry.pattern.test(endpoint) || (struck && fault.kind !== 'latency')) continue;
      struck ||= fault.kind !== 'latency';
      entry.left -= 1;
      taken.push(fault);
    }
    this.#orders = this.#orders.filter((entry) => entry.left > 0);
    return taken;
  }
}

/** Reads an order from JSON; undefined when it is none. */
export function readFaultOrder(value: unknown): FaultOrder | undefined {
  if (!isDict(value) || typeof value['endpoint'] !== 'string') return undefined;
  const fault = readFault(value['fault']);
  const count = value['count'];
  if (fault === undefined) return undefined;
  const order = { endpoint: value['endpoint'], fault };
  return typeof count === 'number' ? { ...order, count } : order;
}

function readFault(value: unknown): Fault | undefined {
  if (!isDict(value) || typeof value['kind'] !== 'string') return undefined;
  return FAULT_READERS[value['kind']]?.((field, otherwise) => {
    const given = value[field];
    return typeof given === 'number' ? given : otherwise;
  });
}

type NumberField = (field: string, otherwise: number) => number;

const FAULT_READERS: Readonly<Record<string, (number: NumberField) => Fault>> = {
  latency: (number) => ({ kind: 'latency', ms: number('ms', 1000) }),
  status: (number) => ({
    kind: 'status',
    status: number('status', 500),
    subcode: number('subcode', 0),
  }),
  throttle: (number) => ({ kind: 'throttle', retryAfterSeconds: number('retryAfterSeconds', 1) }),
  html: (number) => ({ kind: 'html', status: number('status', 200) }),
  unauthorized: () => ({ kind: 'unauthorized' }),
  cut: () => ({ kind: 'cut' }),
  'empty-page': () => ({ kind: 'empty-page' }),
  nan: () => ({ kind: 'nan' }),
  reset: () => ({ kind: 'reset' }),
};

/** `data` with its lists emptied. */
export function emptyLists(data: Dict): Dict {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Array.isArray(value) ? [] : value]),
  );
}

/** `data` with a bare NaN where a task could have written one. */
export function withNaN(data: Dict): Dict {
  const nan = new BareNumber('NaN');
  const poison = (task: unknown): unknown =>
    isDict(task)
      ? { ...task, runtime: { ...(isDict(task['runtime']) ? task['runtime'] : {}), nan } }
      : task;
  if (isDict(data['task'])) return { ...data, task: poison(data['task']) };
  const tasks: unknown = data['tasks'];
  if (!Array.isArray(tasks) || tasks.length === 0) return { ...data, nan };
  return {
    ...data,
    tasks: tasks.map((task: unknown, index) => (index === 0 ? poison(task) : task)),
  };
}
