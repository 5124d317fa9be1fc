import { cp, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomically } from '../../../src/proxy/files.ts';
import { eventually } from '../../support/eventually.ts';
import { childrenOf, isShuttingDown } from '../../support/processes.ts';
import type { ProxyHarness } from '../../support/proxy-harness.ts';

const LUA = resolve(import.meta.dirname, '../../../proxy/lua');

/** Has nginx run with a changed configuration, and waits until all workers do, and no other ones. */
export async function changeConfiguration(
  proxy: ProxyHarness,
  change: (configuration: string) => string,
): Promise<void> {
  const [conf, env] = ['nginx.conf', 'proxy.env'].map((name) => join(proxy.nginxFolder, name));
  const workers = await childrenOf(await proxy.nginxPid());
  const text = await readFile(conf!, 'utf8');
  const former = /^# clearway revision ([0-9a-f]+)/.exec(text)?.[1] ?? '';
  const revision = former.split('').toReversed().join('');
  const renamed = (content: string): string => content.replaceAll(former, revision);
  await writeAtomically(env!, renamed(await readFile(env!, 'utf8')), { sync: false });
  await writeAtomically(conf!, change(renamed(text)), { sync: false });
  await proxy.untilComplete(revision);
  // For a moment those of before still take connections.
  await eventually(async () => {
    if (!(await Promise.all(workers.map(isShuttingDown))).every(Boolean))
      throw new Error('they go on');
  });
}

/** A text of a Lua module, and what stands in its place. */
export interface LuaChange {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Starts nginx anew with changed Lua modules. */
export async function changeLua(proxy: ProxyHarness, changes: readonly LuaChange[]): Promise<void> {
  await proxy.stopSupervisor('SIGKILL');
  const folder = join(proxy.folder, 'lua');
  await cp(LUA, folder, { recursive: true });
  for (const { file, from, to } of changes) {
    const path = join(folder, 'clearway', file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not say ${from}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
  proxy.lines.length = 0;
  proxy.startSupervisor({ CLEARWAY_LUA: folder });
  await proxy.untilLine({ message: 'nginx started' });
}
