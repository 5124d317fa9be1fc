import { isAbort } from '../../errors.ts';
import { showAccount } from './account.ts';
import { beginHandOver, enter } from './hand-over.ts';
import { failedPage, notFoundPage, refusedPage, tooSlowPage } from './messages.ts';
import { finisher } from './page-headers.ts';
import { redirect, type PageAnswer, type PageRequest } from './page-http.ts';
import { pagesParts, type PagesDeps, type PagesParts } from './pages-parts.ts';
import { showSignIn, signIn } from './sign-in.ts';
import { showSignOut, signOut } from './sign-out.ts';

/** The gateway's own pages: requests and answers are data. */
export interface Pages {
  /** Never throws. */
  answer(request: PageRequest, signal: AbortSignal): Promise<PageAnswer>;
  /** The answer to what is no request for a page: an address that none has, a body that is too long, or no form. */
  refuse(status: 404 | 413 | 415): PageAnswer;
}

type Handler = (
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
) => PageAnswer | Promise<PageAnswer>;
type Handlers = Readonly<Partial<Record<'GET' | 'POST', Handler>>>;

const ON_MAIN_HOST: ReadonlyMap<string, Handlers> = new Map([
  ['', { GET: showAccount }],
  ['sign-in', { GET: showSignIn, POST: signIn }],
  ['sign-out', { GET: showSignOut, POST: signOut }],
]);

const ON_ROUTE_HOST: ReadonlyMap<string, Handlers> = new Map([
  ['', { GET: showAccount }],
  ['sign-in', { GET: beginHandOver }],
  // An application must not be able to press that button for its visitor.
  ['sign-out', { GET: leadToMainHost }],
  ['enter', { GET: enter }],
]);

/** Makes the pages. Without authentication there are none. */
export function makePages(deps: PagesDeps): Pages {
  const parts = pagesParts(deps);
  const finish = finisher(deps.settings, deps.renderer.styleHash);
  return {
    answer: async (request, signal) => finish(await answer(request, parts, signal)),
    refuse: (status) => finish(status === 404 ? notFoundPage(parts) : refusedPage(parts, status)),
  };
}

async function answer(
  request: PageRequest,
  parts: PagesParts,
  signal: AbortSignal,
): Promise<PageAnswer> {
  const pages = request.routeKey === undefined ? ON_MAIN_HOST : ON_ROUTE_HOST;
  const handlers = parts.settings.auth.enabled ? pages.get(request.name) : undefined;
  if (handlers === undefined) return notFoundPage(parts);
  const handler = request.method === 'HEAD' ? handlers.GET : ofMethod(handlers, request.method);
  if (handler === undefined) return wrongMethodPage(parts, handlers);
  try {
    return await handler(request, parts, signal);
  } catch (error) {
    if (signal.aborted && isAbort(error)) return tooSlowPage(parts);
    parts.logger.error({ err: error, page: request.name }, 'a page failed');
    return failedPage(parts);
  }
}

function leadToMainHost({ name }: PageRequest, { settings }: PagesParts): PageAnswer {
  return redirect(`${settings.router.url}/_clearway/${name}`, []);
}

function ofMethod(handlers: Handlers, method: string): Handler | undefined {
  return method === 'GET' || method === 'POST' ? handlers[method] : undefined;
}

function wrongMethodPage(parts: PagesParts, handlers: Handlers): PageAnswer {
  const page = refusedPage(parts, 405);
  const methods = Object.keys(handlers).flatMap((name) =>
    name === 'GET' ? ['GET', 'HEAD'] : name,
  );
  return { ...page, headers: { Allow: methods.join(', ') } };
}
