import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { startWebApp } from '../../../src/embedded/workloads/web-app.ts';
import type { Workload } from '../../../src/embedded/workloads/workload.ts';

async function withApp(
  test: (address: string, app: Workload) => Promise<void>,
  name = 'a web application',
): Promise<void> {
  const app = await startWebApp({ address: '127.0.0.1', port: 0, name });
  try {
    await test(`http://127.0.0.1:${String(app.port)}`, app);
  } finally {
    await app.close();
  }
}

/** Reads a stream until it holds this text. */
async function readUntil(body: AsyncIterable<Uint8Array>, text: string): Promise<string> {
  let seen = '';
  for await (const chunk of body) {
    seen += Buffer.from(chunk).toString();
    if (seen.includes(text)) break;
  }
  return seen;
}

describe('startWebApp', () => {
  it('serves a page that uses relative addresses only', async () => {
    await withApp(async (address) => {
      const page = await (await fetch(`${address}/?theme=dark`)).text();

      const used = [...page.matchAll(/(?:src|href)="([^"]*)"/gu)].map((match) => match[1]);
      expect(used).to.deep.equal(['data:,', 'style.css', 'page.js']);
      for (const path of used.slice(1)) {
        expect((await fetch(`${address}/${String(path)}`)).status).to.equal(200);
      }
    });
  });

  it('shows the name of the task as text, whatever it holds', async () => {
    await withApp(async (address) => {
      const page = await (await fetch(address)).text();

      expect(page).to.include('&#60;script&#62;$&#38;$1&#60;/script&#62;');
      expect(page).not.to.include('<script>$');
    }, '<script>$&$1</script>');
  });

  it('sends websocket messages back, and the time', async () => {
    await withApp(async (address) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`);
      const messages: Record<string, unknown>[] = [];
      socket.on('message', (data: Buffer) => {
        messages.push(JSON.parse(data.toString()) as Record<string, unknown>);
      });
      await once(socket, 'open');

      socket.send('grüße');
      while (!messages.some((message) => message['type'] === 'echo')) await once(socket, 'message');

      expect(messages[0]).to.have.property('type', 'clock');
      expect(messages.find((message) => message['type'] === 'echo')).to.deep.equal({
        type: 'echo',
        text: 'grüße',
      });
      socket.close();
      await once(socket, 'close');
    });
  });

  it('sends binary websocket messages back as they are', async () => {
    await withApp(async (address) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`);
      const sent = randomBytes(1000);
      const binary = new Promise<Buffer>((resolve) => {
        socket.on('message', (data: Buffer, isBinary: boolean) => {
          if (isBinary) resolve(data);
        });
      });
      await once(socket, 'open');

      socket.send(sent);

      expect((await binary).equals(sent)).to.equal(true);
      socket.terminate();
    });
  });

  it('refuses an upgrade anywhere else', async () => {
    await withApp(async (address) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/other`);

      const [error] = (await once(socket, 'error')) as [Error];

      expect(error.message).to.include('404');
    });
  });

  it('streams a number at once, and goes on from where the client was', async () => {
    await withApp(async (address) => {
      const response = await fetch(`${address}/events`, { headers: { 'last-event-id': '41' } });

      expect(response.headers.get('content-type')).to.equal('text/event-stream');
      if (response.body === null) throw new Error('no body');
      expect(await readUntil(response.body, '\n\n')).to.equal('id: 42\ndata: 42\n\n');
    });
  });

  for (const method of ['POST', 'PUT']) {
    it(`answers size and SHA-256 of what it gets by ${method}`, async () => {
      await withApp(async (address) => {
        const body = randomBytes(3_000_000);

        const response = await fetch(`${address}/upload`, { method, body });

        expect(await response.json()).to.deep.equal({
          size: body.length,
          sha256: createHash('sha256').update(body).digest('hex'),
        });
      });
    });
  }

  it('says how to upload when it gets a form', async () => {
    await withApp(async (address) => {
      const body = new FormData();
      body.set('file', 'content');

      const response = await fetch(`${address}/upload`, { method: 'POST', body });

      expect(response.status).to.equal(415);
      expect(await response.text()).to.include('curl -T');
    });
  });

  it('shows the request headers without cookies and credentials', async () => {
    await withApp(async (address) => {
      const headers = { 'X-Forwarded-Prefix': '/p', authorization: 'Bearer x', cookie: 'a=b' };

      const seen = (await (await fetch(`${address}/headers`, { headers })).json()) as object;

      expect(seen).to.have.property('x-forwarded-prefix', '/p');
      expect(seen).not.to.have.any.keys('authorization', 'cookie');
    });
  });

  it('redirects to an absolute path', async () => {
    await withApp(async (address) => {
      const response = await fetch(`${address}/redirect`, { redirect: 'manual' });

      expect([response.status, response.headers.get('location')]).to.deep.equal([302, '/headers']);
    });
  });

  it('answers 404 and JSON for a path that it does not have', async () => {
    await withApp(async (address) => {
      for (const path of ['/nothing', '/constructor', '/upload']) {
        expect((await fetch(`${address}${path}`)).status, path).to.equal(404);
      }
    });
  });

  it('ends streams, websockets and uploads when it is closed', async () => {
    await withApp(async (address, app) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`);
      await once(socket, 'open');
      const stream = await fetch(`${address}/events`);
      const upload = request(`${address}/upload`, { method: 'POST' });
      upload.write('half');
      const ends = Promise.all([
        once(socket, 'close'),
        stream.text().catch(() => 'cut'),
        once(upload, 'error'),
      ]);

      await app.close();

      expect((await ends)[1]).to.equal('cut');
    });
  });
});
