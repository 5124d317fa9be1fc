import { expect } from 'chai';
import { readEvents } from '../../../src/docker/engine-client.ts';
import { hasCode } from '../../../src/errors.ts';

const died = { Type: 'container', Action: 'die', Actor: { ID: 'abc', Attributes: { image: 'x' } } };
const joined = {
  Type: 'network',
  Action: 'connect',
  Actor: { ID: 'n', Attributes: { container: 'def' } },
};
const made = { Type: 'network', Action: 'create', Actor: { ID: 'n', Attributes: {} } };
const line = (event: object): string => `${JSON.stringify(event)}\n`;

describe('readEvents', () => {
  it('names the container of a container event and of one that joins or leaves a network', () => {
    expect(readEvents()(line(died) + line(joined))).to.deep.equal([
      { look: 'container', id: 'abc' },
      { look: 'container', id: 'def' },
    ]);
  });

  it('asks to look at the networks when one is made', () => {
    expect(readEvents()(line(made))).to.deep.equal([{ look: 'networks' }]);
  });

  it('finds the same hints however the stream is cut', () => {
    const text = line(died) + line(made);
    for (let cut = 0; cut <= text.length; cut += 1) {
      const read = readEvents();
      expect([...read(text.slice(0, cut)), ...read(text.slice(cut))]).to.have.length(2);
    }
  });

  it('passes over lines that mean nothing', () => {
    expect(readEvents()('\nnonsense\n{"Type":"image"}\n{"Type":"container"}\n')).to.deep.equal([]);
  });

  it('gives up on an event that does not end', () => {
    const read = readEvents();
    expect(() => read('x'.repeat(1_100_000)))
      .to.throw()
      .and.satisfy((error: unknown) => hasCode(error, 'ENGINE_UNREACHABLE'));
  });
});
