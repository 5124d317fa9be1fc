// The health check of the router's image: exits 0 when the router says on its admin socket that it works.
import { request } from 'node:http';

const folder = process.env['CLEARWAY_NGINX_FOLDER'] || '/etc/nginx/conf.d';
const asked = request({ socketPath: `${folder}/metrics.sock`, path: '/healthz', timeout: 4_000 });
asked.on('timeout', () => asked.destroy(new Error('the router does not answer')));
asked.on('error', ({ message }) => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
});
asked.on('response', (response) => {
  process.exitCode = response.statusCode === 200 ? 0 : 1;
  response.pipe(process.stdout);
});
asked.end();
