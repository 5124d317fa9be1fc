import { expect } from 'chai';
import { openWriteWorld } from './support/write-world.ts';

const route = (name: string, spec: unknown = { path: `/${name}` }): Record<string, unknown> => ({
  apiVersion: 'clearway.dev/v1alpha1',
  kind: 'StaticRoute',
  metadata: { name },
  spec,
});

describe('answerWrite', () => {
  it('creates, patches and deletes a StaticRoute', async () => {
    await using world = await openWriteWorld();

    const created = await world.send({ method: 'POST', body: route('chat') });
    const patched = await world.send({
      method: 'PATCH',
      path: '/chat',
      body: { spec: { access: 'public' } },
    });
    const deleted = await world.send({ method: 'DELETE', path: '/chat' });

    expect(created.status).to.equal(201);
    expect(created.body['spec']).to.eql({
      path: '/chat',
      enabled: true,
      access: 'authenticated',
    });
    expect(patched.status).to.equal(200);
    expect(patched.body.metadata.generation).to.equal(2);
    expect(patched.body['spec']).to.include({ access: 'public' });
    expect(deleted.body['status']).to.equal('Success');
    expect((await world.store.list('StaticRoute')).items).to.eql([]);
  });
});
