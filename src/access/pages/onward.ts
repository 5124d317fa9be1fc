import { redirect, type PageAnswer } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';

/**
 * Sends the browser on: with a redirect, or by a page that goes on by itself.
 *
 * @remarks
 * After a form it must be a page: Chromium applies `form-action` to every redirect that follows a form, also to those of the
 * application, so that one that leads to another origin would leave its user on the form. With `SameSite=Strict` it must be one
 * too: cookies are held back for as long as redirects go on from a link of another site.
 */
export function goOn(
  { renderer, cookies }: Pick<PagesParts, 'renderer' | 'cookies'>,
  target: string,
  options: { readonly afterForm: boolean; readonly cookies: readonly string[] },
): PageAnswer {
  if (!options.afterForm && cookies.sameSite !== 'strict') return redirect(target, options.cookies);
  return goOnByPage(renderer, target, options.cookies);
}

/** A page that goes on by itself. */
export function goOnByPage(
  renderer: PagesParts['renderer'],
  target: string,
  cookies: readonly string[],
): PageAnswer {
  return { status: 200, cookies, html: renderer.render('onward', { target }) };
}
