import type { ReadyFacts } from './ready-file.ts';

/** What the introduction tells beside the {@link ReadyFacts}. */
export interface IntroFacts extends ReadyFacts {
  /** Temporary folder with the logs. */
  readonly folder: string;
  /** Undefined where a plain TCP echo stands in for the SSH server. */
  readonly ssh?: {
    readonly keyFile: string;
    readonly knownHostsFile: string;
    readonly user: string;
  };
  /** True when other machines can reach the demo. */
  readonly isOpen: boolean;
}

/** Writes what runs where, how to sign in and what to try. */
export function introText(facts: IntroFacts): string {
  return [
    '',
    'Clearway demo: everything is up.',
    '',
    ...placeLines(facts),
    '',
    ...signInLines(facts),
    '',
    ...tryLines(facts),
    '',
    '',
  ].join('\n');
}

/** Makes the link that signs a user in and leads on to an address of the router. */
function signInLink(apiHost: string, user: string, to: string): string {
  const query = new URLSearchParams({ user, to });
  return `${apiHost}/_embedded/sign-in?${query.toString()}`;
}

function placeLines(facts: IntroFacts): readonly string[] {
  const { router, pids } = facts;
  const { start, end } = router.tcpPorts;
  const open = [
    '',
    'Other machines can reach this demo: anyone there can sign in. End it when you are done.',
  ];
  return [
    `  Router       ${router.url}  (pid ${String(pids.router)})`,
    `  Proxy        nginx on the same address  (pid ${String(pids.proxy)})`,
    `  TCP ports    ${router.tcpAddress}:${String(start)}-${String(end)}`,
    `  Metrics      ${router.metricsUrl}`,
    `  ClearML API  ${facts.apiHost}  (embedded)`,
    `  Logs         ${facts.folder}/router.log, proxy.log`,
    ...(facts.isOpen ? open : []),
  ];
}

function signInLines(facts: IntroFacts): readonly string[] {
  const target = firstEndpoint(facts, 'http');
  return [
    'Sign in: open an address in a browser. The gateway asks for a ClearML user and leads back.',
    ...facts.users.map(({ name, password }) => `  ${name.padEnd(7)}password ${password}`),
    "Or open one of these links, which set ClearML's own cookie for this host.",
    ...facts.users.map(
      ({ name }) => `  ${name.padEnd(7)}${signInLink(facts.apiHost, name, target)}`,
    ),
  ];
}

function tryLines(facts: IntroFacts): readonly string[] {
  const web = firstEndpoint(facts, 'http');
  const [user] = facts.users;
  const login = `${user?.name ?? ''}:${user?.password ?? ''}`;
  return [
    'Try:',
    '  A token, as a program would get one:',
    `    TOKEN=$(curl -s -u ${login} ${facts.apiHost}/auth.login | sed 's/.*"token": *"\\([^"]*\\)".*/\\1/')`,
    '  What the application sees, a stream, an upload; with an API key; and the answer to nobody:',
    `    curl -H "Authorization: Bearer $TOKEN" ${web}headers`,
    `    curl -N -H "Authorization: Bearer $TOKEN" ${web}events`,
    `    curl -T /etc/services -H "Authorization: Bearer $TOKEN" ${web}upload`,
    `    curl -u ${user?.accessKey ?? ''}:${user?.secretKey ?? ''} ${web}headers`,
    `    curl -i ${web}`,
    ...tcpLines(facts),
    '  Its resources, with kubectl; and without (bin/clearway in a checkout):',
    `    kubectl --kubeconfig ${facts.kubeconfig} get taskroutes`,
    `    CLEARWAY_NGINX_FOLDER=${facts.folder}/nginx clearway get taskroutes -w`,
  ];
}

function tcpLines(facts: IntroFacts): readonly string[] {
  const endpoint = firstEndpoint(facts, 'tcp');
  const colon = endpoint.lastIndexOf(':');
  const [host, port] = [endpoint.slice(0, colon), endpoint.slice(colon + 1)];
  if (facts.ssh === undefined) {
    return [
      '  TCP (OpenSSH is not installed, so an echo server stands in for it):',
      `    nc ${host} ${port}`,
    ];
  }
  const { keyFile, knownHostsFile, user } = facts.ssh;
  return [
    '  A shell over TCP:',
    `    ssh -i ${keyFile} -p ${port} -o UserKnownHostsFile=${knownHostsFile} ${user}@${host}`,
  ];
}

function firstEndpoint(facts: IntroFacts, protocol: 'http' | 'tcp'): string {
  return facts.routes.find((route) => route.protocol === protocol)?.endpoint ?? '';
}
