import { expect } from 'chai';
import { compared, readStories, tell } from './support/stories.ts';
import { openWriteWorld } from './support/write-world.ts';

for (const story of await readStories()) {
  describe(`answerWrite, told the story "${story.story}"`, () => {
    let answers: readonly unknown[] = [];

    before(async () => {
      await using world = await openWriteWorld();
      answers = await tell(story, world.send);
    });

    story.exchanges.forEach((exchange, index) => {
      it(`${exchange.title}, as Kubernetes does`, () => {
        expect(compared(answers[index], exchange)).to.eql(compared(exchange.answer, exchange));
      });
    });
  });
}
