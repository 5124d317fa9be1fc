import { expect } from 'chai';
import { ended, openSocket, sendRaw } from '../support/http-client.ts';
import { ProxyHarness } from '../support/proxy-harness.ts';

/** What nginx grants a client for its headers (templates/nginx.conf.hbs). */
const HEADER_MS = 20_000;

describe('the proxy limits requests', function () {
  this.timeout(40_000);
  let proxy: ProxyHarness;

  before(async () => {
    proxy = await ProxyHarness.start({});
  });

  after(() => proxy.stop());

  async function answerTo(text: string): Promise<string> {
    return (await sendRaw(proxy.config.listenPort, text)).split('\r\n')[0] ?? '';
  }

  it('refuses a header line that is longer than a buffer, and many that are longer together', async () => {
    const long = `X-Long: ${'a'.repeat(20_000)}\r\n`;
    const many = Array.from({ length: 20 }, (_, index) => `X-${index}: ${'a'.repeat(12_000)}\r\n`);

    for (const lines of [long, many.join('')]) {
      const answer = await answerTo(`GET / HTTP/1.1\r\nHost: x\r\n${lines}\r\n`);
      expect(answer).to.match(/^HTTP\/1\.1 4\d\d /);
    }
  });

  it('refuses a request line that is longer than a buffer', async () => {
    const path = `/${'a'.repeat(40_000)}`;

    expect(await answerTo(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).to.match(/^HTTP\/1\.1 414 /);
  });

  it('does not wait for slow headers for ever', async () => {
    const begun = performance.now();
    const socket = await openSocket(proxy.config.listenPort);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a');

    await ended(socket);

    expect(performance.now() - begun).to.be.within(HEADER_MS - 2_000, HEADER_MS + 10_000);
  });
});
