import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { ProxyHarness } from '../support/proxy-harness.ts';

// The longest cookie that browsers keep, and what else such an answer carries.
const COOKIE = `clearway-00000000=${'x'.repeat(4_078)}; Path=/; HttpOnly`;

function answerWithCookie(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Set-Cookie': [COOKIE, COOKIE], 'Content-Length': 2 }).end('ok');
}

describe('pages of the router, through the proxy', function () {
  this.timeout(30_000);

  it('may set a cookie that is as long as browsers keep', async () => {
    const proxy = await ProxyHarness.start({ pages: answerWithCookie });
    try {
      const answer = await rawRequest(proxy.port, { target: '/_clearway/sign-in' });

      expect([answer.status, answer.body]).to.deep.equal([200, 'ok']);
      expect(headerOf(answer, 'set-cookie')).to.equal(COOKIE);
    } finally {
      await proxy.stop();
    }
  });
});
