import { expect } from 'chai';
import type { AnyObject } from '../../src/api/contracts.ts';
import { ObjectTexts } from '../../src/api/read/object-texts.ts';

describe('ObjectTexts', () => {
  it('writes an object once, however many ask for its text', () => {
    let written = 0;
    const metadata = {
      name: 'a',
      toJSON: () => {
        written += 1;
        return { name: 'a' };
      },
    };
    const object = { apiVersion: 'v1', kind: 'X', metadata } as unknown as AnyObject;
    const texts = new ObjectTexts();

    for (let index = 0; index < 3; index += 1) {
      expect(JSON.parse(texts.whole(object))).to.have.property('kind', 'X');
      expect(JSON.parse(texts.metadata(object, 'v1'))).to.have.property(
        'apiVersion',
        'meta.k8s.io/v1',
      );
    }

    expect(written).to.equal(2);
  });
});
