import { signInPath, type Destination } from './destination.ts';
import { formSecrets } from './form-check.ts';
import { FORM_HEADERS } from './page-headers.ts';
import type { PageAnswer, PageRequest } from './page-http.ts';
import type { PageViews } from './page-renderer.ts';
import type { PagesParts } from './pages-parts.ts';
import { dropsSecureCookies, isForeignFrame } from './source.ts';
import { SAYINGS, type Saying } from './texts.ts';

/** How the sign-in page is shown. */
export interface SignInPage {
  readonly destination: Destination;
  readonly status?: number;
  readonly saying?: Saying;
  /** What was typed. */
  readonly userName?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
}

const NAME_LENGTH = 256;

/** The sign-in page, with a form unless the browser cannot sign in at all as it came here. */
export function signInPage(
  request: PageRequest,
  parts: PagesParts,
  { destination, status = 200, saying, userName = '', headers, cookies = [] }: SignInPage,
): PageAnswer {
  const { token, cookie } = formSecrets(request, parts);
  const html = parts.renderer.render('sign-in', {
    ...sayingView(findObstacle(request, parts) ?? saying, destination),
    ...destinationView(destination),
    userName: userName.slice(0, NAME_LENGTH),
    token,
  });
  return {
    status,
    html,
    cookies: [cookie, ...cookies],
    headers: { ...FORM_HEADERS, ...headers },
  };
}

type View = PageViews['sign-in'];

function sayingView(
  saying: Saying | undefined,
  destination: Destination,
): Pick<View, 'hasForm' | 'problem' | 'advice' | 'ownTab'> {
  const isFramed = saying === SAYINGS.foreignFrame;
  const ownTab = isFramed ? signInPath(destination) : '';
  return { problem: '', advice: '', ...saying, hasForm: !isFramed, ownTab };
}

function destinationView({ to, handOver }: Destination): Pick<View, 'to' | 'host' | 'state'> {
  return { to, host: '', state: '', ...handOver };
}

/** Why cookies will not come back from this browser at this address, as far as one can tell beforehand. */
function findObstacle(request: PageRequest, { cookies }: PagesParts): Saying | undefined {
  if (cookies.secure && dropsSecureCookies(request)) return SAYINGS.secureCookies;
  if (cookies.sameSite !== 'none' && isForeignFrame(request)) return SAYINGS.foreignFrame;
  return undefined;
}
