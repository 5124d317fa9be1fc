import { expect } from 'chai';
import type { StaticRouteSpec } from '../../src/resources/generated.ts';
import type { StaticRoute } from '../../src/resources/kinds.ts';
import type { ResourceStore } from '../../src/store/contract.ts';
import { KEYS } from '../clearml/support/a-client.ts';
import { AccessWorld } from './access-world.ts';
import { startRouter, type ControlledRouter } from './controlled-router.ts';
import { eventually } from './eventually.ts';
import { ProxyHarness } from './proxy-harness.ts';
import { aStaticRoute } from './resources.ts';
import { openStore } from './sqlite.ts';
import { tempFolder } from './temp-folder.ts';

const never = new AbortController().signal;

/**
 * Every controller of a router on a real store, a real nginx that it tells what to serve, and the embedded ClearML API that says who gets in:
 * alice and bob of one company, eve of another.
 */
export class StaticWorld implements AsyncDisposable {
  readonly people: AccessWorld;
  readonly proxy: ProxyHarness;
  readonly #stack: AsyncDisposableStack;
  readonly #state: string;
  #router: ControlledRouter | undefined;

  private constructor(
    stack: AsyncDisposableStack,
    parts: readonly [AccessWorld, ProxyHarness, string],
  ) {
    this.#stack = stack;
    [this.people, this.proxy, this.#state] = parts;
  }

  static async start(): Promise<StaticWorld> {
    await using made = new AsyncDisposableStack();
    const people = made.use(await AccessWorld.start());
    const proxy = await ProxyHarness.start({
      config: { authEnabled: true },
      decide: (question) => people.decider.decide(question, never),
    });
    made.defer(() => proxy.stop('SIGKILL'));
    const { path } = made.use(await tempFolder());
    const world = new StaticWorld(made.move(), [people, proxy, path]);
    world.#stack.defer(() => world.stopRouter());
    await world.startRouter();
    return world;
  }

  /** ROUTER_URL. */
  get url(): string {
    return this.proxy.url('');
  }

  get router(): ControlledRouter {
    if (this.#router === undefined) throw new Error('the router is not running');
    return this.#router;
  }

  async startRouter(): Promise<void> {
    this.#router = await startRouter({
      apiHost: this.people.api.url,
      keys: KEYS,
      state: this.#state,
      plane: this.proxy.plane,
      settings: {
        router: { name: 'gw', url: this.url, namespace: 'default' },
        listenPort: this.proxy.port,
        upstreamCidrs: ['127.0.0.0/8'],
      },
    });
  }

  async stopRouter(): Promise<void> {
    await this.#router?.[Symbol.asyncDispose]();
    this.#router = undefined;
  }

  /** Changes the store while no router has it open. */
  async whileDown(change: (store: ResourceStore) => Promise<void>): Promise<void> {
    const store = openStore(this.#state);
    try {
      await change(store);
    } finally {
      store.close();
    }
  }

  /** What an administrator creates. */
  create(name: string, spec: Partial<StaticRouteSpec> = {}): Promise<StaticRoute> {
    return this.router.store.create(aStaticRoute(name, spec));
  }

  /** What an administrator edits. */
  async edit(name: string, change: Partial<StaticRouteSpec>): Promise<void> {
    await eventually(async () => {
      const found = await this.static(name);
      await this.router.store.update<'StaticRoute'>({
        ...found,
        spec: { ...found.spec, ...change },
      });
    });
  }

  /** A StaticRoute as the store has it. */
  async static(name: string): Promise<StaticRoute> {
    const found = await this.router.store.get('StaticRoute', name);
    if (found === undefined) throw new Error(`no StaticRoute ${name}`);
    return found;
  }

  /** Adds a running task of alice that asked for an http endpoint at a StaticRoute. Gives its id. */
  addTask(staticRoute: string, port: number, more: Readonly<Record<string, unknown>> = {}): string {
    return this.people.api.tasks.create({
      name: 'app',
      status: 'in_progress',
      user: 'alice',
      systemTags: ['external_service'],
      runtime: {
        _SERVICE: 'EXTERNAL',
        _ADDRESS: '127.0.0.1',
        _PORT: port,
        _ROUTER_ENDPOINT_MODE: 'path',
        _ROUTER_ENDPOINT_MODE_PARAM: staticRoute,
        ...more,
      },
    });
  }

  /** Ends a task. */
  endTask(task: string): void {
    this.people.api.tasks.setStatus(task, 'completed');
  }

  /** Headers with a token of a user. */
  bearer(user: string): Record<string, string> {
    return { authorization: `Bearer ${this.people.token(user)}` };
  }

  /** Waits until the task shows this URL, or none. */
  async untilPublished(task: string, url: string | undefined): Promise<void> {
    await eventually(() => {
      const { endpoint, browser_endpoint: browser } = this.people.api.tasks.runtime(task);
      expect([endpoint, browser]).to.deep.equal([url, url]);
    });
  }

  /** Waits until a condition of a StaticRoute has this reason. */
  async untilReason(name: string, type: string, reason: string): Promise<void> {
    await eventually(async () => {
      const { conditions = [] } = (await this.static(name)).status;
      expect(conditions.find((condition) => condition.type === type)?.reason).to.equal(reason);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
