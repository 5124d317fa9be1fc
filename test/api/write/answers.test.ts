import { expect } from 'chai';
import { answerWrite } from '../../../src/api/write/answer-write.ts';
import { OperatorError, type ErrorCode } from '../../../src/errors.ts';
import type { ResourceStore } from '../../../src/store/contract.ts';
import { openWriteWorld, requestOf, type Sent, type WriteWorld } from './support/write-world.ts';

function route(name: string, spec: object = { path: `/${name}` }, metadata: object = {}): object {
  return {
    apiVersion: 'clearway.dev/v1alpha1',
    kind: 'StaticRoute',
    metadata: { name, ...metadata },
    spec,
  };
}

/** The store with some calls replaced. */
function storeWith(store: ResourceStore, calls: Partial<ResourceStore>): ResourceStore {
  return {
    list: (kind, signal) => store.list(kind, signal),
    get: (kind, name, signal) => store.get(kind, name, signal),
    create: (draft, signal) => store.create(draft, signal),
    update: (resource, signal) => store.update(resource, signal),
    updateStatus: (resource, signal) => store.updateStatus(resource, signal),
    delete: (kind, name, preconditions, signal) => store.delete(kind, name, preconditions, signal),
    watch: (kind, resourceVersion, signal) => store.watch(kind, resourceVersion, signal),
    ...calls,
  };
}

const refuse = (code: ErrorCode) => (): Promise<never> => Promise.reject(new OperatorError(code));

async function sendOver(
  world: WriteWorld,
  calls: Partial<ResourceStore>,
  sent: Sent,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const context = { ...world.context, store: storeWith(world.store, calls) };
  const answer = await answerWrite(requestOf(world.store, sent), context);
  return {
    status: answer.status,
    body: JSON.parse(answer.body.toString()) as Readonly<Record<string, unknown>>,
  };
}

describe('answerWrite', () => {
  it('creates, patches and deletes a StaticRoute', async () => {
    await using world = await openWriteWorld();

    const created = await world.send({ method: 'POST', body: route('chat') });
    const patched = await world.send({
      method: 'PATCH',
      path: 'chat',
      body: { spec: { access: 'public' } },
    });
    const deleted = await world.send({ method: 'DELETE', path: 'chat' });

    expect([created.status, patched.status, deleted.status]).to.eql([201, 200, 200]);
    expect(patched.body.metadata.generation).to.equal(2);
    expect(patched.body['spec']).to.eql({ path: '/chat', enabled: true, access: 'public' });
    expect((await world.store.list('StaticRoute')).items).to.eql([]);
  });

  it('answers in the form that the reading side gives objects', async () => {
    await using world = await openWriteWorld();
    const render = (): { status: number; contentType: string; body: string } => ({
      status: 200,
      contentType: 'application/json;as=Table',
      body: '{"kind":"Table"}',
    });

    const answer = await answerWrite(
      requestOf(world.store, { method: 'POST', body: route('chat') }),
      { ...world.context, render },
    );

    expect(answer).to.eql({ ...render(), status: 201 });
  });

  it('refuses a path that the gateway itself serves, and says the value', async () => {
    await using world = await openWriteWorld();

    const { status, body } = await world.send({
      method: 'POST',
      body: route('chat', { path: '/Service' }),
    });

    expect(status).to.equal(422);
    expect(body.message).to.match(
      /^StaticRoute\.clearway\.dev "chat" is invalid: spec\.path: Invalid value: "\/Service": must not be /,
    );
  });

  it('cuts a long value in a message', async () => {
    await using world = await openWriteWorld();

    const { body } = await world.send({
      method: 'POST',
      body: route('chat', { path: `/${'é'.repeat(60)}`, access: 'x'.repeat(100_000) }),
    });

    expect(body.message?.length).to.be.below(1500);
  });

  it('refuses finalizers and owners, which nobody would act on', async () => {
    await using world = await openWriteWorld();
    const metadata = { finalizers: ['a.b/c'], ownerReferences: [{ uid: 'x' }] };

    const { status, body } = await world.send({
      method: 'POST',
      body: route('chat', { path: '/chat' }, metadata),
    });

    expect(status).to.equal(422);
    expect(body.message).to.include('metadata.finalizers: Forbidden');
    expect(body.message).to.include('metadata.ownerReferences: Forbidden');
  });

  it('makes the same write again when another came in between, up to five times', async () => {
    await using world = await openWriteWorld();
    await world.send({ method: 'POST', body: route('chat') });
    const lose = (times: number): Partial<ResourceStore> => {
      let left = times;
      return {
        update: async (resource, signal) => {
          left -= 1;
          if (left >= 0) await changeStatus(world, String(left));
          return world.store.update(resource, signal);
        },
      };
    };
    const sent: Sent = { method: 'PATCH', path: 'chat', body: { spec: { pathMode: 'keep' } } };

    const settled = await sendOver(world, lose(4), sent);
    const again = { ...sent, body: { spec: { pathMode: 'strip' } } };
    const refused = await sendOver(world, lose(5), again);
    const live = await world.store.get('StaticRoute', 'chat');

    expect(settled.status).to.equal(200);
    expect(refused.status).to.equal(409);
    expect(live?.spec.pathMode).to.equal('keep');
    expect(live?.status.url).to.equal('0');
  });

  it('leaves a conflict to the client who named a version', async () => {
    await using world = await openWriteWorld();
    const { body } = await world.send({ method: 'POST', body: route('chat') });
    const { resourceVersion } = body.metadata;
    const calls: Partial<ResourceStore> = {
      update: async (resource, signal) => {
        await changeStatus(world, 'other');
        return world.store.update(resource, signal);
      },
    };

    const patched = await sendOver(world, calls, {
      method: 'PATCH',
      path: 'chat',
      body: { metadata: { resourceVersion }, spec: { pathMode: 'keep' } },
    });

    expect(patched.status).to.equal(409);
    expect((await world.store.get('StaticRoute', 'chat'))?.spec.pathMode).to.equal(undefined);
  });

  it('applies to what another created in between', async () => {
    await using world = await openWriteWorld();
    const calls: Partial<ResourceStore> = {
      create: async (draft, signal) => {
        await world.send({ method: 'POST', body: route('chat', { path: '/other' }) });
        return world.store.create(draft, signal);
      },
    };

    const applied = await sendOver(world, calls, {
      method: 'PATCH',
      path: 'chat?fieldManager=m&force=true',
      type: 'application/apply-patch+yaml',
      body: route('chat', { path: '/mine' }),
    });

    expect(applied.status).to.equal(200);
    expect((await world.store.get('StaticRoute', 'chat'))?.spec.path).to.equal('/mine');
  });

  it('says what to do when the disk takes nothing', async () => {
    await using world = await openWriteWorld();
    const calls = { create: refuse('STORE_WRITE_FAILED') };

    const { status, body } = await sendOver(world, calls, { method: 'POST', body: route('chat') });

    expect(status).to.equal(503);
    expect(body['reason']).to.equal('ServiceUnavailable');
    expect(body['message']).to.include('file system');
  });

  for (const [code, status, reason] of [
    ['RESOURCE_CONFLICT', 409, 'Conflict'],
    ['RESOURCE_EXISTS', 409, 'AlreadyExists'],
    ['RESOURCE_NOT_FOUND', 404, 'NotFound'],
    ['RESOURCE_INVALID', 422, 'Invalid'],
  ] as const) {
    it(`answers ${status} when the store says ${code}`, async () => {
      await using world = await openWriteWorld();
      const sent: Sent = { method: 'POST', body: route('chat') };

      const answer = await sendOver(world, { create: refuse(code) }, sent);

      expect([answer.status, answer.body['reason']]).to.eql([status, reason]);
    });
  }

  it('names the object that another created in between', async () => {
    await using world = await openWriteWorld();
    const calls: Partial<ResourceStore> = {
      create: async (draft, signal) => {
        await world.send({ method: 'POST', body: route('chat') });
        return world.store.create(draft, signal);
      },
    };

    const { body } = await sendOver(world, calls, { method: 'POST', body: route('chat') });

    expect(body['message']).to.equal('staticroutes.clearway.dev "chat" already exists');
  });

  it('leaves to its caller what nobody foresaw', async () => {
    await using world = await openWriteWorld();
    const calls = { create: (): Promise<never> => Promise.reject(new TypeError('oops')) };

    const thrown = await sendOver(world, calls, { method: 'POST', body: route('chat') }).then(
      () => undefined,
      (error: unknown) => error,
    );

    expect(thrown).to.be.instanceOf(TypeError);
  });

  it('honours a dry run of a delete that only the query asks for', async () => {
    await using world = await openWriteWorld();
    await world.send({ method: 'POST', body: route('chat') });

    const { status } = await world.send({
      method: 'DELETE',
      path: 'chat?dryRun=All',
      body: { propagationPolicy: 'Background' },
    });

    expect(status).to.equal(200);
    expect(await world.store.get('StaticRoute', 'chat')).to.not.equal(undefined);
  });
});

async function changeStatus(world: WriteWorld, url: string): Promise<void> {
  const live = await world.store.get('StaticRoute', 'chat');
  await world.store.updateStatus({ ...live!, status: { url } });
}
