import { expect } from 'chai';
import { openWriteWorld } from './support/write-world.ts';

describe('the limits of a write', () => {
  it('refuses more labels and larger bodies than it could look at in a moment', async () => {
    await using world = await openWriteWorld();
    const labels = Object.fromEntries(
      Array.from({ length: 1001 }, (_, index) => [`k${index}`, 'v']),
    );
    const body = {
      apiVersion: 'clearway.dev/v1alpha1',
      kind: 'StaticRoute',
      metadata: { name: 'many', labels },
      spec: { path: '/many' },
    };
    const apply = { path: 'many?fieldManager=m', type: 'application/apply-patch+yaml' };

    const answers = [
      await world.send({ method: 'POST', body }),
      await world.send({ method: 'PATCH', ...apply, body }),
      await world.send({ method: 'POST', body: `{"a":"${'x'.repeat(1024 * 1024)}"}` }),
    ];

    expect(answers.map(({ status }) => status)).to.eql([400, 400, 413]);
    expect((await world.store.list('StaticRoute')).items).to.eql([]);
  });

  it('keep every body that is read from holding up the router', async function () {
    this.timeout(60_000);
    await using world = await openWriteWorld();
    const head = {
      apiVersion: 'clearway.dev/v1alpha1',
      kind: 'StaticRoute',
      metadata: { name: 'chat' },
    };
    const many = (count: number, value: unknown): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
    const strict = '?fieldValidation=Strict';
    await world.send({ method: 'POST', body: { ...head, spec: { path: '/chat' } } });

    const bodies = {
      'unknown fields': { method: 'POST', path: strict, body: { ...head, spec: many(90_000, 1) } },
      operations: {
        method: 'PATCH',
        path: 'chat',
        type: 'application/json-patch+json',
        body: Array.from({ length: 10_000 }, (_, index) => ({
          op: 'add',
          path: `/metadata/x${index}`,
          value: index,
        })),
      },
      YAML: { method: 'POST', type: 'application/yaml', body: `[${'a,'.repeat(60_000)}]` },
    } as const;
    for (const [what, sent] of Object.entries(bodies)) {
      const start = performance.now();
      await world.send(sent);

      // Far more than it takes, so that a busy machine does not fail it; without the limits it is half a minute.
      expect(performance.now() - start, what).to.be.below(10_000);
    }
  });
});
