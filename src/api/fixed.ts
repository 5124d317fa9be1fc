import type { ApiAnswer, ApiRequest } from './contracts.ts';

type Answerer = (request: ApiRequest) => ApiAnswer | undefined;

/** The version of Kubernetes whose API this one follows; kubectl warns when its own is more than one minor away. */
const KUBERNETES = { major: '1', minor: '34' } as const;

/** Puts together who answers what is about no resource: documents, the version and the health of the API itself. */
export function makeFixed(answerers: readonly Answerer[], version: string): Answerer {
  const all = [...answerers, versionAnswer(version), healthAnswer];
  return (request) => {
    for (const answerer of all) {
      const answer = answerer(request);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}

function versionAnswer(version: string): Answerer {
  const { major, minor } = KUBERNETES;
  const body = JSON.stringify({
    major,
    minor,
    gitVersion: `v${major}.${minor}.0+clearway-${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  });
  return ({ path }) => (path === '/version' ? { status: 200, body } : undefined);
}

/** The health of this API; that of the router is told by its metrics listener. */
function healthAnswer({ path }: ApiRequest): ApiAnswer | undefined {
  const isHealth = path === '/healthz' || path === '/livez' || path === '/readyz';
  return isHealth
    ? { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok' }
    : undefined;
}
