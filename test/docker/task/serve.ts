// What a task's container runs: the demo's web application, OpenSSH with one key, and a listener that names its visitors.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { startWebApp } from '../../../src/embedded/workloads/web-app.ts';

const task = process.env['CLEARML_TASK_ID'] ?? '';
const address = '0.0.0.0';

await startWebApp({ address, port: 8080, name: task });

createServer((request, response) => {
  console.log(`visited by ${String(request.socket.remoteAddress)}`);
  response.end(`hidden in ${task}`);
}).listen(9999, address);

await mkdir('/root/.ssh', { recursive: true, mode: 0o700 });
await writeFile('/root/.ssh/authorized_keys', process.env['AUTHORIZED_KEY'] ?? '', { mode: 0o600 });
const options = ['UsePAM=no', 'PasswordAuthentication=no', 'PermitRootLogin=prohibit-password'];
const words = options.flatMap((option) => ['-o', option]);
spawn('/usr/sbin/sshd', ['-D', '-e', '-p', '2222', ...words], { stdio: 'inherit' }).once(
  'exit',
  (code) => process.exit(code ?? 1),
);
