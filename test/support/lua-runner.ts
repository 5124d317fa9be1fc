import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';

const LUA = resolve(import.meta.dirname, '../../proxy/lua');
const MODULES = '/usr/lib/nginx/modules';

/** Runs functions of the Lua modules in a real nginx, on bytes: texts go as latin1. */
export class LuaRunner {
  readonly #folder: string;
  readonly #port: number;
  readonly #nginx: ChildProcess;

  private constructor(folder: string, port: number, nginx: ChildProcess) {
    this.#folder = folder;
    this.#port = port;
    this.#nginx = nginx;
  }

  /** Starts an nginx that offers `modules`, by the name of their file; `stop` must be called. */
  static async start(modules: readonly string[]): Promise<LuaRunner> {
    const folder = await mkdtemp(join(tmpdir(), 'clearway-lua-'));
    const port = await freePort();
    await writeFile(join(folder, 'nginx.conf'), configuration(modules, port));
    const user = process.getuid?.() === 0 ? ['-g', 'user root;'] : [];
    const nginx = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf', ...user], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: `${process.env['PATH']}:/usr/sbin` },
    });
    const runner = new LuaRunner(folder, port, nginx);
    await eventually(() => fetch(`http://127.0.0.1:${port}/`));
    return runner;
  }

  /** Results of `module.name(...arguments)`; a missing result is null. */
  async call(name: string, ...texts: readonly string[]): Promise<readonly unknown[]> {
    const body = JSON.stringify({
      name,
      texts: texts.map((text) => Buffer.from(text, 'latin1').toString('base64')),
    });
    const answer = await fetch(`http://127.0.0.1:${this.#port}/`, { method: 'POST', body });
    if (answer.status !== 200) throw new Error(await answer.text());
    return ((await answer.json()) as unknown[]).map(fromWire);
  }

  /**
   * Calls `module.name(...arguments)` so often, each time with another number where the texts have `#`; gives the KiB by which the memory of
   * Lua has grown since the first half.
   */
  async growth(name: string, times: number, ...texts: readonly string[]): Promise<number> {
    const body = JSON.stringify({
      name,
      times,
      texts: texts.map((text) => Buffer.from(text, 'latin1').toString('base64')),
    });
    const answer = await fetch(`http://127.0.0.1:${this.#port}/`, { method: 'POST', body });
    if (answer.status !== 200) throw new Error(await answer.text());
    return Number(await answer.text());
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#nginx.once('exit', done));
    this.#nginx.kill('SIGTERM');
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function fromWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromWire);
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('latin1') : value;
}

function configuration(modules: readonly string[], port: number): string {
  const loads = ['ndk_http_module', 'ngx_http_lua_module']
    .filter((name) => existsSync(`${MODULES}/${name}.so`))
    .map((name) => `load_module ${MODULES}/${name}.so;`);
  const requires = modules.map((name) => `["${name}"] = require "clearway.${name}"`);
  return `
    ${loads.join('\n')}
    daemon off; pid nginx.pid; worker_processes 1;
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
      client_body_buffer_size 1m;
      lua_package_path "${LUA}/?.lua;;";
      init_by_lua_block { modules = { ${requires.join(', ')} } }
      server {
        listen 127.0.0.1:${port};
        location / {
          content_by_lua_block {
            ngx.req.read_body()
            local body = ngx.req.get_body_data()
            if not body then return ngx.say("ready") end
            local cjson = require "cjson"
            local call = cjson.decode(body)
            local module, name = call.name:match("^(%w+)%.(%w+)$")
            local texts = {}
            for index, text in ipairs(call.texts) do texts[index] = ngx.decode_base64(text) end
            local function memory()
              collectgarbage()
              return collectgarbage("count")
            end
            if call.times then
              local half
              for number = 1, call.times do
                local numbered = {}
                for index, text in ipairs(texts) do numbered[index] = text:gsub("#", number) end
                modules[module][name](unpack(numbered))
                if number == math.floor(call.times / 2) then half = memory() end
              end
              return ngx.print(memory() - half)
            end
            local function wire(value)
              if type(value) == "string" then return ngx.encode_base64(value) end
              if value == nil then return cjson.null end
              if type(value) ~= "table" then return value end
              local list = {}
              for index = 1, #value do list[index] = wire(value[index]) end
              return list
            end
            local function pack(...)
              local list = {}
              for index = 1, select("#", ...) do list[index] = wire((select(index, ...))) end
              return list
            end
            local results = cjson.encode(pack(modules[module][name](unpack(texts))))
            ngx.print((results:gsub("{}", "[]")))
          }
        }
      }
    }`;
}
