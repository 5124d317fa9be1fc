// Runs a real Kubernetes API server with Clearway's resource definitions until Ctrl-C: for trying what a real one answers.
//   node scripts/start-kube-apiserver.ts
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeApiServerBinary, startKubeApiServer } from '../test/support/kube-apiserver.ts';

const binary = await kubeApiServerBinary();
if (binary === undefined) {
  console.error(
    'there is no kube-apiserver on this machine: run scripts/install-kube-apiserver.sh',
  );
  process.exit(69);
}
await using server = await startKubeApiServer(binary);
const kubeconfig = join(server.folder, 'kubeconfig');
await writeFile(kubeconfig, server.kubeconfig('admin'), { mode: 0o600 });
console.log(`${server.url} serves; its logs are in ${server.folder}. In another shell:
  export KUBECONFIG=${kubeconfig}
  curl --cacert ${join(server.folder, 'pki/apiserver.crt')} -H 'Authorization: Bearer ${server.token('admin')}' ${server.url}/apis
Ctrl-C ends it.`);
await new Promise((done) => {
  process.once('SIGINT', done).once('SIGTERM', done);
});
