import { fetch, type Dispatcher } from 'undici';
import type { Kind } from '../../../src/resources/kinds.ts';
import type { SeedObject } from './world.ts';

/** Who the seed's writer is in managedFields. */
const MANAGER = 'seed';

/** An object as the API answers it. */
export interface ServedObject {
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly [field: string]: unknown;
}

/** How a server is reached. */
export interface ClientTarget {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly dispatcher?: Dispatcher;
}

/** Reads and writes resources through the API of a server, as an administrator. */
export class ResourceClient {
  readonly #target: ClientTarget;

  constructor(target: ClientTarget) {
    this.#target = target;
  }

  /** Creates an object with its status. */
  async create(object: SeedObject): Promise<void> {
    await this.send('POST', `${collection(object.kind)}?fieldManager=${MANAGER}`, object);
    await this.replaceStatus(object.kind, object.metadata.name, object.status);
  }

  async replaceStatus(kind: Kind, name: string, status: SeedObject['status']): Promise<void> {
    const path = `${collection(kind)}/${name}`;
    const stored = await this.send('GET', path);
    await this.send('PUT', `${path}/status?fieldManager=${MANAGER}`, { ...stored, status });
  }

  async delete(kind: Kind, name: string): Promise<void> {
    await this.send('DELETE', `${collection(kind)}/${name}`);
  }

  async names(kind: Kind): Promise<readonly string[]> {
    return (await this.list(collection(kind))).map(({ metadata }) => metadata.name);
  }

  async get(kind: Kind, name: string): Promise<ServedObject> {
    return this.send('GET', `${collection(kind)}/${name}`);
  }

  async list<T = ServedObject>(path: string): Promise<readonly T[]> {
    return (await this.send('GET', path))['items'] as readonly T[];
  }

  /** Sends one request. @throws when the answer is no success */
  async send(method: string, path: string, body?: unknown): Promise<ServedObject> {
    const { url, headers, dispatcher } = this.#target;
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(dispatcher === undefined ? {} : { dispatcher }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as ServedObject;
  }
}

function collection(kind: Kind): string {
  return `/apis/clearway.dev/v1alpha1/namespaces/default/${kind.toLowerCase()}s`;
}
