import { Agent, fetch } from 'undici';
import type { Kind } from '../../../src/resources/kinds.ts';
import type { KubeApiServer } from '../../support/kube-apiserver.ts';
import type { SeedObject, World } from './world.ts';

const NAMESPACE = '/apis/clearway.dev/v1alpha1/namespaces/default';
const EVENTS = '/api/v1/namespaces/default/events';

/** An object with its metadata, as the API answers it. */
export interface ServedObject {
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly [field: string]: unknown;
}

/** An event (core/v1) as the API answers it. */
export interface ServedEvent extends ServedObject {
  readonly involvedObject: Readonly<Record<string, string>>;
}

/** The real API server, changed through its API as an administrator. */
export class RealWorld implements World, AsyncDisposable {
  readonly name = 'real';
  readonly kubeconfig: string;
  readonly #server: KubeApiServer;
  readonly #agent: Agent;

  constructor(server: KubeApiServer) {
    this.#server = server;
    this.kubeconfig = server.kubeconfig('admin');
    this.#agent = new Agent({ connect: { ca: server.authority } });
  }

  async create(object: SeedObject): Promise<void> {
    await this.#send('POST', collection(object.kind), object);
    await this.replaceStatus(object.kind, object.metadata.name, object.status);
  }

  async replaceStatus(kind: Kind, name: string, status: SeedObject['status']): Promise<void> {
    const path = `${collection(kind)}/${name}`;
    const stored = await this.#send('GET', path);
    await this.#send('PUT', `${path}/status`, { ...stored, status });
  }

  async delete(kind: Kind, name: string): Promise<void> {
    await this.#send('DELETE', `${collection(kind)}/${name}`);
  }

  async names(kind: Kind): Promise<readonly string[]> {
    const list = await this.#send('GET', collection(kind));
    return (list['items'] as readonly ServedObject[]).map(({ metadata }) => metadata.name);
  }

  /** Makes an event that another server serves, about this server's object of the same name. */
  async copyEvent(event: ServedEvent): Promise<void> {
    const { kind = '', name = '' } = event.involvedObject;
    const about = await this.#send('GET', `${collection(kind as Kind)}/${name}`);
    const { uid } = about.metadata;
    await this.#send('POST', EVENTS, {
      ...event,
      metadata: { name: event.metadata.name, namespace: 'default' },
      involvedObject: { ...event.involvedObject, uid, resourceVersion: undefined },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy();
  }

  async #send(method: string, path: string, body?: unknown): Promise<ServedObject> {
    const answer = await fetch(`${this.#server.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${this.#server.token('admin')}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as ServedObject;
  }
}

function collection(kind: Kind): string {
  return `${NAMESPACE}/${kind.toLowerCase()}s`;
}
