import { FORM_SECONDS } from './form-tokens.ts';
import { keepCookie, valuesOf } from './gateway-cookies.ts';
import type { PageRequest } from './page-http.ts';
import type { PagesParts } from './pages-parts.ts';
import { isOwnForm } from './source.ts';

/**
 * Whether a form may be acted on. `foreign`: another site's page sent it; `no cookies`: the browser did not keep or send the cookie
 * that came with the form.
 */
export type FormVerdict = 'own' | 'foreign' | 'no cookies' | 'expired' | 'mismatched';

/** Judges a form that was sent, see {@link FormTokens} and {@link isOwnForm}. */
export function checkForm(request: PageRequest, parts: PagesParts): FormVerdict {
  if (!isOwnForm(request, parts.settings.router.url)) return 'foreign';
  const nonces = valuesOf(request, parts.cookies.names.form);
  const verdict = parts.tokens.check(request.form.get('token') ?? '', nonces);
  if (verdict === 'valid') return 'own';
  return verdict === 'mismatched' && nonces.length === 0 ? 'no cookies' : verdict;
}

/** What a new form needs: its token, and the cookie that goes with it. */
export function formSecrets(
  request: PageRequest,
  { tokens, cookies }: PagesParts,
): { readonly token: string; readonly cookie: string } {
  const nonce = tokens.nonceFor(valuesOf(request, cookies.names.form));
  return { token: tokens.issue(nonce), cookie: keepCookie(cookies, 'form', nonce, FORM_SECONDS) };
}
