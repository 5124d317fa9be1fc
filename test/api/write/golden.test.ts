import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  kubeApiServerBinary,
  startKubeApiServer,
  type KubeApiServer,
} from '../../support/kube-apiserver.ts';
import { notRun } from '../../support/not-run.ts';
import { realServer } from './support/real-server.ts';
import { compared, GOLDEN, readStories, tell } from './support/stories.ts';

const stories = await readStories();

describe('a real API server of Kubernetes', function () {
  this.timeout(120_000);
  let server: KubeApiServer | undefined;

  before(async function () {
    const binary = await kubeApiServerBinary();
    if (binary === undefined) notRun(this, 'no kube-apiserver: scripts/install-kube-apiserver.sh');
    server = await startKubeApiServer(binary);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  for (const story of stories) {
    it(`answers the story "${story.story}" as it is recorded`, async () => {
      await using real = realServer(server!);

      const answers = await tell(story, real.send);

      if (process.env['RECORD_GOLDEN'] === '1') {
        const exchanges = story.exchanges.map((exchange, index) => ({
          ...exchange,
          answer: answers[index],
        }));
        await writeFile(
          join(GOLDEN, story.file),
          stringify({ story: story.story, exchanges }, { lineWidth: 0 }),
        );
        return;
      }
      story.exchanges.forEach((exchange, index) => {
        expect(compared(answers[index], exchange), exchange.title).to.eql(
          compared(exchange.answer, exchange),
        );
      });
    });
  }
});
