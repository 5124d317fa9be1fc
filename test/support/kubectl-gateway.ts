import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import { addTask, anEndpoint, startClearml } from './clearml-world.ts';
import { startApp } from './e2e-app.ts';
import { Gateway } from './gateway-harness.ts';
import { Kubectl, kubectlBinary, KUBECTL_MINORS } from './kubectl.ts';
import { notRun } from './not-run.ts';

const CLEARWAY = fileURLToPath(new URL('../../bin/clearway', import.meta.url));
const run = promisify(execFile);

/** A StaticRoute `docs` at `/docs`, to be written by kubectl. */
export const ROUTE = `
apiVersion: clearway.dev/v1alpha1
kind: StaticRoute
metadata: {name: docs}
spec: {path: /docs}
`;

/** A whole gateway with a task that asks for an http endpoint, and the newest kubectl that is there. */
export interface KubectlGateway extends AsyncDisposable {
  readonly gateway: Gateway;
  /** Id of the task. */
  readonly task: string;
  /** What `clearway` prints, run as an administrator of the host would. */
  readonly clearway: (...argv: readonly string[]) => Promise<string>;
  /** kubectl with a credential of its own. */
  readonly kubectlAs: (role: string, name: string) => Promise<Kubectl>;
}

/** Starts a gateway for kubectl; without a kubectl the suite is skipped, and named. */
export async function startKubectlGateway(
  context: Context,
  environment: Readonly<Record<string, string>> = {},
): Promise<KubectlGateway> {
  const binary = KUBECTL_MINORS.map(kubectlBinary).findLast((path) => path !== undefined);
  if (binary === undefined) return notRun(context, 'no kubectl');
  const clearml = await startClearml();
  const gateway = await Gateway.start({ clearml, environment });
  const app = await startApp('an application');
  const clearway = async (...argv: readonly string[]): Promise<string> => {
    const env = { ...process.env, CLEARWAY_STATE_FOLDER: gateway.stateFolder };
    return (await run(CLEARWAY, argv, { env })).stdout;
  };
  return {
    gateway,
    task: addTask(clearml, [anEndpoint('http', app.port)]),
    clearway,
    kubectlAs: async (role, name) => {
      const words = ['--role', role, '--name', name, '--output', '-'];
      return Kubectl.make(binary, await clearway('kubeconfig', ...words));
    },
    [Symbol.asyncDispose]: async () => {
      await gateway.stop();
      await app[Symbol.asyncDispose]();
      await clearml.close();
    },
  };
}
