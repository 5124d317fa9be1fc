import { rawRequest, type RawAnswer, type RawRequest } from '../../support/http-client.ts';
import { hiddenFields } from '../../support/pages-browser.ts';

/** Where a {@link Visitor} goes. */
export interface VisitedPlace {
  readonly port: number;
  /** What the browser takes for the origin of the pages, without a slash at its end. */
  readonly origin: string;
}

/** A browser without a window: it keeps the cookies of one host and sends forms. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  readonly #place: VisitedPlace;
  #html = '';

  constructor(place: VisitedPlace) {
    this.#place = place;
  }

  /** The Cookie header. */
  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(target: string, headers: RawRequest['headers'] = []): Promise<RawAnswer> {
    return this.#ask({ target, headers });
  }

  /** Sends the form that was shown last, with these fields filled in or changed, as a page of this origin does. */
  submit(
    target: string,
    fields: Readonly<Record<string, string>>,
    headers: RawRequest['headers'] = [['Origin', this.#place.origin]],
  ): Promise<RawAnswer> {
    const form = { ...Object.fromEntries(hiddenFields(this.#html)), ...fields };
    return this.#ask({
      method: 'POST',
      target,
      headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...headers],
      body: new URLSearchParams(form).toString(),
    });
  }

  async signIn(name: string, secret: string, to = '/'): Promise<RawAnswer> {
    await this.get(`/_clearway/sign-in?to=${encodeURIComponent(to)}`);
    return this.submit('/_clearway/sign-in', { name, secret });
  }

  async #ask(request: RawRequest): Promise<RawAnswer> {
    const { headers = [] } = request;
    const own = [
      ['Accept', 'text/html'],
      ['Cookie', this.cookie],
    ] as const;
    const host = new URL(this.#place.origin).host;
    const answer = await rawRequest(this.#place.port, {
      ...request,
      host,
      headers: [...headers, ...own],
    });
    this.#html = answer.body;
    for (const [header, line] of answer.headers) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (header === 'set-cookie' && value === '') this.cookies.delete(name);
      else if (header === 'set-cookie') this.cookies.set(name, value);
    }
    return answer;
  }
}
