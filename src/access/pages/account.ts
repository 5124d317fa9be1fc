import { goOn } from './onward.ts';
import type { PageAnswer, PageRequest } from './page-http.ts';
import type { Moment } from './page-renderer.ts';
import type { PagesParts } from './pages-parts.ts';
import { signInPath } from './destination.ts';
import { HOME } from '../return-to.ts';
import { findViewer, type Viewer } from './viewer.ts';

/** The page that says who is signed in; strangers go to the sign-in page. */
export async function showAccount(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const viewer = await findViewer(request, parts, signal);
  if (viewer === undefined) {
    return goOn(parts, signInPath({ to: HOME }), { afterForm: false, cookies: [] });
  }
  const { issued, expires } = timesOf(viewer);
  const html = parts.renderer.render('account', {
    name: viewer.name,
    since: momentOf(issued),
    until: momentOf(expires),
    byClearml: viewer.by === 'clearml',
  });
  return { status: 200, html };
}

function timesOf(viewer: Viewer): { readonly issued?: number; readonly expires?: number } {
  return viewer.by === 'session' ? viewer.session : viewer;
}

const WORDS = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
});

/** The router does not know where its users are. */
function momentOf(time: number | undefined): Moment {
  const date = new Date(time ?? NaN);
  if (Number.isNaN(date.getTime())) return { text: '', iso: '' };
  return { text: `${WORDS.format(date)} UTC`, iso: date.toISOString() };
}
