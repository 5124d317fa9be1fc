import { Agent, fetch } from 'undici';
import type { KubeApiServer } from '../../../support/kube-apiserver.ts';
import type { ReadAnswer, Sent } from './write-world.ts';

/** Sends writes of StaticRoutes to a real API server, as its administrator. */
export function realServer(server: KubeApiServer): {
  readonly send: (sent: Sent) => Promise<ReadAnswer>;
} & AsyncDisposable {
  const agent = new Agent({ connect: { ca: server.authority } });
  return {
    send: (sent) => send(server, agent, sent),
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

async function send(server: KubeApiServer, agent: Agent, sent: Sent): Promise<ReadAnswer> {
  const { method, path = '', type, body, namespace = 'default', headers = {} } = sent;
  const slash = path === '' || path.startsWith('?') ? '' : '/';
  const url = `${server.url}/apis/clearway.dev/v1alpha1/namespaces/${namespace}/staticroutes${slash}${path}`;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(url, {
    method,
    dispatcher: agent,
    headers: {
      'user-agent': 'tester/1.0',
      authorization: `Bearer ${server.token('admin')}`,
      'content-type':
        type ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'),
      ...headers,
    },
    ...(body === undefined ? {} : { body: text }),
  });
  const warning = answer.headers.get('warning');
  return {
    status: answer.status,
    warnings: warning === null ? [] : warning.split(/, (?=299 )/),
    body: (await answer.json()) as ReadAnswer['body'],
  };
}
