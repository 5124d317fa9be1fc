import { expect } from 'chai';
import { kubeApiServerBinary } from '../support/kube-apiserver.ts';
import { KUBECTL_MINORS, kubectlBinary, type KubectlMinor } from '../support/kubectl.ts';
import { notRun } from '../support/not-run.ts';
import { startClearwayWorld, type ClearwayWorld } from './support/clearway-world.ts';
import { readCommands, type Command } from './support/command-list.ts';
import { comparable, expected } from './support/compare.ts';
import { startRealWorld, type RealWorld } from './support/real-world.ts';
import { runCommand, type Shown } from './support/run-command.ts';
import { readSeed, type SeedObject } from './support/world.ts';

const groups = await readCommands();

describe('kubectl', () => {
  it('is compared with a real API server', async function () {
    if ((await kubeApiServerBinary()) === undefined) {
      notRun(this, 'no kube-apiserver: building it needs Go 1.25 and etcd');
    }
  });

  it('gives every command a test of its own', () => {
    const titles = groups.flatMap(({ commands }) => commands.map(titleOf));
    expect(new Set(titles).size).to.equal(titles.length);
  });

  for (const minor of KUBECTL_MINORS) describe(minor, () => compareVersion(minor));
});

function compareVersion(minor: KubectlMinor): void {
  let seed: readonly SeedObject[];
  let kubectl: string;
  let clearway: ClearwayWorld | undefined;
  let real: RealWorld | undefined;

  before(`kubectl ${minor}, and two servers with the same objects`, async function () {
    this.timeout(60_000);
    kubectl = kubectlBinary(minor) ?? notRun(this, `no kubectl ${minor}`);
    seed = await readSeed();
    clearway = await startClearwayWorld();
    const binary = await kubeApiServerBinary();
    if (binary !== undefined) real = await startRealWorld(binary, await clearway.events());
  });
  after(async () => {
    await real?.[Symbol.asyncDispose]();
    await clearway?.[Symbol.asyncDispose]();
  });

  const show = async (command: Command): Promise<readonly (Shown | undefined)[]> => {
    const worlds = [clearway, real].filter((world) => world !== undefined);
    const running = worlds.map((world) => runCommand(kubectl, world, { command, seed }));
    // Both are waited for, whatever becomes of one: each puts its server back in order at its end.
    await Promise.allSettled(running);
    return Promise.all(running);
  };

  for (const { group, commands } of groups) {
    describe(group, () => {
      for (const command of commands.filter((one) => runsWith(one, minor))) {
        it(titleOf(command), async () => {
          const [ours, theirs] = await show(command);
          if (ours === undefined) throw new Error('there is no server');
          checkClearway(command, ours);
          if (theirs === undefined) return;
          expect(comparable(command, ours)).to.deep.equal(expected(command, minor, theirs));
        }).timeout(60_000);
      }
    });
  }
}

function titleOf({ title, run }: Command): string {
  return title ?? run;
}

function runsWith({ kubectl }: Command, minor: KubectlMinor): boolean {
  return kubectl === undefined || kubectl.includes(minor);
}

function checkClearway({ code = 0, shows = [] }: Command, shown: Shown): void {
  expect(shown.code, shown.stderr).to.equal(String(code));
  for (const pattern of shows) expect(shown.stdout).to.match(new RegExp(pattern, 'm'));
}
