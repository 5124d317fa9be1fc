import { Agent, fetch } from 'undici';
import type { KubeApiServer } from '../../../support/kube-apiserver.ts';
import { bytesOf, headersOf, type ReadAnswer, type Sent } from './write-world.ts';

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
  const { method, path = '', body, namespace = 'default' } = sent;
  const slash = path === '' || path.startsWith('?') ? '' : '/';
  const url = `${server.url}/apis/clearway.dev/v1alpha1/namespaces/${namespace}/staticroutes${slash}${path}`;
  const answer = await fetch(url, {
    method,
    dispatcher: agent,
    headers: { authorization: `Bearer ${server.token('admin')}`, ...headersOf(sent) },
    ...(body === undefined ? {} : { body: bytesOf(body) }),
  });
  const warning = answer.headers.get('warning');
  return {
    status: answer.status,
    warnings: warning === null ? [] : warning.split(/, (?=299 )/),
    body: (await answer.json()) as ReadAnswer['body'],
  };
}
