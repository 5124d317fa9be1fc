import { Agent } from 'undici';
import type { Kind } from '../../../src/resources/kinds.ts';
import { startKubeApiServer } from '../../support/kube-apiserver.ts';
import { ResourceClient, type ServedObject } from './resource-client.ts';
import { readSeed, type World } from './world.ts';

/** Where events are. */
export const EVENTS = '/api/v1/namespaces/default/events';

/** An event (core/v1) as the API answers it. */
export interface ServedEvent extends ServedObject {
  readonly involvedObject: Readonly<Record<string, string>>;
}

/** A real API server, changed through its API. */
export interface RealWorld extends World, AsyncDisposable {
  readonly name: 'real';
}

/** Starts one with the objects of the seed and with these events. */
export async function startRealWorld(
  binary: string,
  events: readonly ServedEvent[],
): Promise<RealWorld> {
  await using scope = new AsyncDisposableStack();
  const server = scope.use(await startKubeApiServer(binary));
  const dispatcher = new Agent({ connect: { ca: server.authority } });
  scope.defer(() => dispatcher.destroy());
  const headers = { authorization: `Bearer ${server.token('admin')}` };
  const client = new ResourceClient({ url: server.url, headers, dispatcher });
  for (const object of await readSeed()) await client.create(object);
  // A slow start leaves events of the server's own, about its service.
  await client.send('DELETE', EVENTS);
  for (const event of events) await copyEvent(client, event);
  const parts = scope.move();
  return {
    name: 'real',
    kubeconfig: server.kubeconfig('admin'),
    create: (object) => client.create(object),
    replaceStatus: (kind, name, status) => client.replaceStatus(kind, name, status),
    delete: (kind, name) => client.delete(kind, name),
    names: (kind) => client.names(kind),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Makes an event that another server serves, about this server's object of the same name. */
async function copyEvent(client: ResourceClient, event: ServedEvent): Promise<void> {
  const { kind = '', name = '' } = event.involvedObject;
  const { uid } = (await client.get(kind as Kind, name)).metadata;
  await client.send('POST', EVENTS, {
    ...event,
    metadata: { name: event.metadata.name, namespace: 'default' },
    involvedObject: { ...event.involvedObject, uid },
  });
}
