import { expect } from 'chai';
import { getCondition } from '../../src/resources/conditions.ts';
import type { ReasonText } from '../../src/resources/reason-text.ts';
import { CONDITION_TYPES, REASONS } from '../../src/resources/reasons.ts';
import type { StoredEvent } from '../../src/store/contract.ts';
import type { ControlledRouter } from '../support/controlled-router.ts';
import { inWorld } from '../support/controlled-world.ts';
import { eventually } from '../support/eventually.ts';
import { AFTERWARDS } from '../support/stories/afterwards.ts';
import { PROXIES } from '../support/stories/proxies.ts';
import { REFUSALS } from '../support/stories/refusals.ts';
import { ROUTERS } from '../support/stories/routers.ts';
import { STATIC_ROUTES } from '../support/stories/static-routes.ts';
import type { Situation, Story } from '../support/stories/story.ts';
import { UPSTREAMS } from '../support/stories/upstreams.ts';

const STORIES: readonly Story[] = [
  ...REFUSALS,
  ...UPSTREAMS,
  ...PROXIES,
  ...AFTERWARDS,
  ...ROUTERS,
  ...STATIC_ROUTES,
];
const QUEUES = { queues: [{ name: 'gpu' }, { name: 'cpu' }] };
const LISTED: Readonly<Record<string, ReasonText>> = REASONS;

describe('why it does not work', () => {
  it('has a story for each reason of the list that is not good news', () => {
    const wanted = Object.entries(LISTED)
      .filter(([, { action }]) => action !== undefined)
      .flatMap(([reason, { on }]) => on.map((type) => `${type} ${reason}`));
    const told = STORIES.map(({ on, reason }) => `${on} ${reason}`);

    expect(
      wanted.filter((pair) => !told.includes(pair)),
      'not told',
    ).to.deep.equal([]);
    expect(
      told.filter((pair) => !wanted.includes(pair)),
      'not listed',
    ).to.deep.equal([]);
  });

  for (const story of STORIES) {
    it(`is told by ${story.on} ${story.reason}`, () =>
      inWorld(async (world) => {
        const situation = await story.bring(world);
        if (story.on !== 'Event') await expectCondition(story, situation);
        await expectEvent(story, situation);
        await expectListed(situation);
      }, QUEUES)).timeout(20_000);
  }
});

async function expectCondition(
  { kind = 'TaskRoute', on, reason, says }: Story,
  { router, route }: Situation,
): Promise<void> {
  await eventually(
    async () => {
      const found = await router.store.get(kind, route);
      const condition = getCondition(found?.status.conditions ?? [], on);
      expect(condition?.reason, JSON.stringify(found?.status.conditions)).to.equal(reason);
      expect(condition?.status).not.to.equal('True');
      expect(condition?.message).to.match(says);
      expect(condition?.observedGeneration).to.equal(found?.metadata.generation);
    },
    { timeoutMs: 15_000, everyMs: 5 },
  );
}

/** What turned False made an event, and a warning unless it is usual; what is not known yet made none, and what an event alone says is there. */
async function expectEvent(story: Story, situation: Situation): Promise<void> {
  const { kind = 'TaskRoute', on, reason, says } = story;
  const { router, route } = situation;
  const known = await router.store.get(kind, route);
  const condition = getCondition(known?.status.conditions ?? [], on);
  // Ready only repeats others.
  if (on === 'Ready' || condition?.status === 'Unknown') return;
  const event = await eventually(async () => {
    const events = await eventsOf(router);
    const found = events.find(
      (candidate) =>
        candidate.kind === kind && candidate.name === route && candidate.reason === reason,
    );
    expect(found, JSON.stringify(events)).not.to.equal(undefined);
    return found!;
  });
  expect(event.message).to.match(says);
  expect(event.uid).to.match(/^[0-9a-f-]{36}$/);
  if (on !== 'Event') expect(event).to.include({ type: typeOf(reason), uid: known?.metadata.uid });
}

function typeOf(reason: string): string {
  return LISTED[reason]?.isUsual === true ? 'Normal' : 'Warning';
}

/** Whatever else was said on the way is in the list as well, on the condition that it stands on. */
async function expectListed({ router }: Situation): Promise<void> {
  const kinds = ['TaskRoute', 'StaticRoute', 'Router'] as const;
  const objects = (
    await Promise.all(kinds.map(async (kind) => (await router.store.list(kind)).items))
  ).flat();
  const said = objects.flatMap(({ kind, status }) =>
    (status.conditions ?? []).map(({ type, reason }) => ({ kind, type, reason })),
  );
  const unlisted = said.filter(({ kind, type, reason }) => {
    const types: Readonly<Record<string, unknown>> = CONDITION_TYPES[kind];
    const on = LISTED[reason]?.on ?? [];
    // Ready repeats what the first of the others says.
    return !Object.hasOwn(types, type) || !(type === 'Ready' ? on.length > 0 : on.includes(type));
  });
  const events = (await eventsOf(router)).map(({ reason }) => reason);

  expect(unlisted).to.deep.equal([]);
  expect(events.filter((reason) => LISTED[reason] === undefined)).to.deep.equal([]);
}

async function eventsOf(router: ControlledRouter): Promise<readonly StoredEvent[]> {
  return (await router.store.listEvents()).items;
}
