import { auth } from './schema-access.ts';
import { clearml } from './schema-clearml.ts';
import { edge } from './schema-edge.ts';
import { OPTIONAL, type SettingGroup } from './setting.ts';

const DAY_SECONDS = 86_400;
const PORT = { format: 'whole number', min: 1, max: 65_535 } as const;

const router = {
  name: {
    names: ['ROUTER_NAME'],
    doc: 'Name of this router. Two routers of one ClearML tenant need two names.',
    example: 'main-router',
    format: 'free text',
    default: null,
  },
  url: {
    names: ['ROUTER_URL'],
    doc: 'Where users reach the router. It has no path: endpoints are published below it.',
    example: 'https://gateway.example.com',
    format: 'public URL',
    default: null,
  },
  namespace: {
    names: ['CLEARWAY_NAMESPACE'],
    doc: 'Namespace of the resources of this router.',
    example: 'clearml',
    format: 'namespace',
    default: 'default',
  },
  takeOver: {
    names: ['CLEARWAY_TAKE_OVER'],
    doc: 'Name of a retired router whose tasks this router adopts.',
    example: 'old-router',
    format: 'free text',
    ...OPTIONAL,
  },
} as const satisfies SettingGroup;

const listen = {
  port: {
    names: ['ROUTER__WEBSERVER__SERVER_PORT'],
    doc: 'Port on which the proxy listens for HTTP, on every address of the host, IPv6 included.',
    example: '8010',
    ...PORT,
    default: 8080,
  },
  idleSeconds: {
    names: ['CLEARWAY_IDLE_SECONDS'],
    doc: 'An HTTP connection or websocket without any traffic is closed after this time.',
    example: '3600',
    format: 'seconds',
    min: 1,
    max: 30 * DAY_SECONDS,
    default: DAY_SECONDS,
  },
  metricsPort: {
    names: ['CLEARWAY_METRICS_PORT'],
    doc: 'Loopback port of the host on which the proxy offers the metrics and health of the router; 0 for none.',
    example: '9090',
    ...PORT,
    min: 0,
    default: 0,
  },
  apiPort: {
    names: ['CLEARWAY_API_PORT'],
    doc: 'Loopback port of the host on which the proxy offers the resources of the router to kubectl; 0 for none. It is off, with a warning, when it is not set and another port of this router is the same.',
    example: '7443',
    ...PORT,
    min: 0,
    default: 7443,
  },
  reload: {
    names: ['ROUTER__WEBSERVER__AUTO_RELOAD_CONFIG'],
    doc: 'Accepted and always on: the proxy reloads by itself when its configuration changes.',
    example: 'true',
    format: 'switch',
    default: true,
  },
} as const satisfies SettingGroup;

const tasks = {
  queues: {
    names: ['LISTEN_QUEUE_NAME'],
    doc: 'Serve only tasks of these queues. With a comma the value is split at commas only; without one it is a single queue if there is one of that name, and else split at spaces. `*` and `?` are wildcards.',
    example: 'queue1,gpu-*',
    format: 'line',
    ...OPTIONAL,
    defaultText: 'every task',
    verbatim: true,
  },
  upstreamCidrs: {
    names: ['CLEARWAY_UPSTREAM_CIDRS'],
    doc: 'Networks that tasks may listen in; every other address is refused.',
    example: '10.0.0.0/8,192.168.0.0/16',
    format: 'networks',
    ...OPTIONAL,
    defaultText: 'all but loopback, link-local, multicast and our own listeners',
  },
  dockerSocket: {
    names: ['CLEARWAY_DOCKER_SOCKET'],
    doc: 'Socket of the Docker engine, for the addresses of containers. The router works without it.',
    example: '/run/user/1000/docker.sock',
    format: 'path',
    default: '/var/run/docker.sock',
  },
} as const satisfies SettingGroup;

const tcp = {
  address: {
    names: ['TCP_ROUTER_ADDRESS', 'ROUTER__STREAM__EXTERNAL_URL'],
    doc: 'Host name or address where users connect to TCP endpoints. TCP is off unless it and both ends of the range are set.',
    example: 'gateway.example.com',
    format: 'host',
    ...OPTIONAL,
    defaultText: 'TCP is off',
  },
  start: {
    names: ['TCP_PORT_START', 'ROUTER__STREAM__PORT_RANGE__START'],
    doc: 'First port for TCP endpoints.',
    example: '20000',
    ...PORT,
    ...OPTIONAL,
    defaultText: 'TCP is off',
  },
  end: {
    names: ['TCP_PORT_END', 'ROUTER__STREAM__PORT_RANGE__END'],
    doc: 'Last port for TCP endpoints.',
    example: '20999',
    ...PORT,
    ...OPTIONAL,
    defaultText: 'TCP is off',
  },
  restSeconds: {
    names: ['CLEARWAY_PORT_REST_SECONDS'],
    doc: 'A port that was freed goes to nobody else for this time.',
    example: '60',
    format: 'seconds',
    min: 0,
    max: DAY_SECONDS,
    default: 60,
  },
} as const satisfies SettingGroup;

const folders = {
  nginx: {
    names: ['CLEARWAY_NGINX_FOLDER'],
    doc: 'The folder that router and proxy share.',
    example: '/srv/clearway/nginx',
    format: 'path',
    default: '/etc/nginx/conf.d',
  },
  state: {
    names: ['CLEARWAY_STATE_FOLDER'],
    doc: 'Where the router keeps its state.',
    example: '/var/lib/clearway',
    format: 'path',
    ...OPTIONAL,
    defaultText: '`.clearway-state` in the nginx folder',
  },
  run: {
    names: ['CLEARWAY_RUN_FOLDER'],
    doc: 'Folder of the proxy alone, for files that depend on its host.',
    example: '/run/clearway',
    format: 'path',
    default: '/run/clearway',
  },
} as const satisfies SettingGroup;

const log = {
  level: {
    names: ['LOGGER_LEVEL'],
    doc: 'Log level, by its Python name (CRITICAL, ERROR, WARNING, INFO, DEBUG) or its name in pino.',
    example: 'DEBUG',
    format: 'log level',
    default: 'info',
  },
} as const satisfies SettingGroup;

/** Every setting by subject: the one source of parsing, messages and docs/settings.md. */
export const SETTINGS_SCHEMA = {
  router,
  listen,
  edge,
  clearml,
  auth,
  tasks,
  tcp,
  folders,
  log,
} as const;
