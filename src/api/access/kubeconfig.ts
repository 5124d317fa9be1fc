import { stringify } from 'yaml';
import type { IssuedCredential } from './control-api.ts';

/** What files that this program wrote begin with. */
export const KUBECONFIG_MARK = '# Written by `clearway kubeconfig`.';

/** A kubeconfig that needs nothing else (client-go, tools/clientcmd/api/v1). */
export function kubeconfigText(issued: IssuedCredential, server: string): string {
  const { credential, token, certificateAuthority, namespace } = issued;
  const cluster = 'clearway';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: cluster,
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64'),
        },
      },
    ],
    users: [{ name: credential.name, user: { token } }],
    contexts: [{ name: cluster, context: { cluster, user: credential.name, namespace } }],
    'current-context': cluster,
  };
  return `${KUBECONFIG_MARK} It holds a secret.\n${stringify(config, { lineWidth: 0 })}`;
}
