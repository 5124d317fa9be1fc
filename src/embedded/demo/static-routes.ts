import { clientAt } from '../../api/access/router-client.ts';
import { API_VERSION } from '../../resources/kinds.ts';
import { DEMO_STATIC_ROUTE } from './cast.ts';

/** Defines the StaticRoute of the demo, as an administrator does with kubectl. @throws OperatorError `API_REFUSED` */
export async function defineStaticRoute(stateFolder: string, signal: AbortSignal): Promise<void> {
  const { name, path } = DEMO_STATIC_ROUTE;
  await clientAt(stateFolder, signal).ask({
    method: 'POST',
    path: `/apis/${API_VERSION}/namespaces/default/staticroutes`,
    body: { apiVersion: API_VERSION, kind: 'StaticRoute', metadata: { name }, spec: { path } },
  });
}
