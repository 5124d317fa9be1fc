import { expect } from 'chai';
import {
  isEmptyPatch,
  publishPatch,
  withdrawPatch,
  type Patch,
  type PublicationFacts,
  type PublishedEndpoint,
} from '../../../src/domain/plan-publication.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { TASK_ID, aMarkText, aTask } from '../../support/builders.ts';

const OWNER = { router: 'gw', instance: 'i1' };

function http(endpointName = ''): PublishedEndpoint {
  const key = endpointName === '' ? TASK_ID : `${TASK_ID}--${endpointName}`;
  return { protocol: 'http', endpointName, url: `https://gw.example/service/${key}/` };
}

function facts(...served: readonly PublishedEndpoint[]): PublicationFacts {
  return { owner: OWNER, withdrawn: [], served, known: served, asked: served };
}

/** The task after a write. */
function apply(task: TaskView, patch: Patch): TaskView {
  const kept = Object.entries(task.runtime).filter(([key]) => !patch.remove.includes(key));
  return { ...task, runtime: { ...Object.fromEntries(kept), ...patch.set } };
}

describe('publishPatch at a static route', () => {
  const CHAT = 'https://gw.example/chat/';
  const chat: PublishedEndpoint = { protocol: 'http', endpointName: '', url: CHAT };
  const shown = apply(aTask(), publishPatch(aTask(), facts(chat)));

  it('writes its URL, and remembers it in the mark, for nothing in it says whose it is', () => {
    expect(shown.runtime).to.include({
      endpoint: CHAT,
      browser_endpoint: CHAT,
      clearway: aMarkText({ addresses: { '': CHAT } }),
    });
    expect(isEmptyPatch(publishPatch(shown, facts(chat)))).to.equal(true);
  });

  it('replaces it when the static route has moved', () => {
    const url = 'https://gw.example/talk/';

    expect(publishPatch(shown, facts({ ...chat, url })).set).to.deep.equal({
      endpoint: url,
      browser_endpoint: url,
      clearway: aMarkText({ addresses: { '': url } }),
    });
  });

  it('takes it out, and out of the mark, when the task is not served there any more', () => {
    const asked = [{ protocol: 'http', endpointName: '' }] as const;
    const none = { owner: OWNER, withdrawn: [], served: [], known: [], asked };
    const patch = publishPatch(shown, none);

    expect(patch).to.deep.equal({
      set: { clearway: aMarkText() },
      remove: ['endpoint', 'browser_endpoint'],
    });
    expect(isEmptyPatch(publishPatch(apply(shown, patch), none))).to.equal(true);
  });

  it('takes out of the mark what is refused only, and leaves the rest of it as it is', () => {
    const api = 'https://gw.example/api/';
    const mark = { router: 'retired', upstreams: { 'tcp:ssh': '192.0.2.7:22' } };
    const clearway = aMarkText({ ...mark, addresses: { '': CHAT, api } });
    const task = { ...shown, runtime: { ...shown.runtime, endpoint__api: api, clearway } };
    const asked = [http(), http('api'), { protocol: 'tcp', endpointName: 'ssh' }] as const;
    const some = { owner: OWNER, withdrawn: [], served: [], known: asked.slice(1), asked };

    expect(publishPatch(task, some)).to.deep.equal({
      set: { clearway: aMarkText({ ...mark, addresses: { api } }) },
      remove: ['endpoint', 'browser_endpoint'],
    });
  });

  it('writes no mark anew that holds nothing of what is refused, however it is spelt', () => {
    const clearway = '{"instance":"i1", "router":"gw", "upstreams":{}, "addresses":{}}';
    const url = `https://gw.example/service/${TASK_ID}/`;
    const task = aTask({ runtime: { endpoint: url, clearway } });
    const none = { owner: OWNER, withdrawn: [], served: [], known: [], asked: [http()] };

    expect(publishPatch(task, none)).to.deep.equal({ set: {}, remove: ['endpoint'] });
  });

  it('keeps it while nobody knows yet, and the memory of it with another endpoint', () => {
    const known = [{ protocol: 'http', endpointName: '' }, http('api')] as const;
    const patch = publishPatch(shown, {
      owner: OWNER,
      withdrawn: [],
      served: [http('api')],
      known,
      asked: known,
    });

    expect(patch.remove).to.deep.equal([]);
    expect(patch.set).to.not.include.keys('clearway');
    expect(
      isEmptyPatch(
        publishPatch(shown, { owner: OWNER, withdrawn: [], served: [], known, asked: known }),
      ),
    ).to.equal(true);
  });

  it('takes it out though a tcp endpoint of the same name stays', () => {
    const tcp = { protocol: 'tcp', endpointName: '' } as const;
    const patch = publishPatch(shown, {
      owner: OWNER,
      withdrawn: [],
      served: [],
      known: [tcp],
      asked: [tcp, { protocol: 'http', endpointName: '' }],
    });

    expect(patch.remove).to.deep.equal(['endpoint', 'browser_endpoint']);
  });

  it('takes out what a router published whose tasks were taken over', () => {
    const clearway = aMarkText({ router: 'retired', addresses: { '': CHAT } });
    const task = { ...shown, runtime: { ...shown.runtime, clearway } };

    expect(
      publishPatch(task, { owner: OWNER, withdrawn: [], served: [], known: [], asked: [http()] })
        .remove,
    ).to.deep.equal(['endpoint', 'browser_endpoint']);
  });

  it('takes nothing out that the task wrote itself, nor where no router was', () => {
    const none = { owner: OWNER, withdrawn: [], served: [], known: [], asked: [http()] };
    const { clearway, ...unmarked } = shown.runtime;
    const runtime = { ...shown.runtime, endpoint: 'https://gw.example/other/' };

    expect(clearway).to.be.a('string');
    expect(publishPatch({ ...shown, runtime: unmarked }, none).remove).to.deep.equal([]);
    expect(publishPatch({ ...shown, runtime }, none).remove).to.deep.equal(['browser_endpoint']);
  });

  it('is withdrawn with the task', () => {
    expect(withdrawPatch(shown, OWNER, true).remove).to.deep.equal([
      'endpoint',
      'browser_endpoint',
      'clearway',
    ]);
  });
});
