import {
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  ListWatch,
  Watch,
} from '@kubernetes/client-node';
import type { KubernetesListObject, KubernetesObject } from '@kubernetes/client-node';
import { STORE_LIMITS } from '../../../src/store/store-options.ts';
import type { SqliteStore } from '../../../src/store/sqlite-store.ts';
import { serveApi, type ServedApi } from '../../support/listening-api.ts';
import { openStore } from '../../support/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Where StaticRoutes are. */
export const STATIC_ROUTES = '/apis/clearway.dev/v1alpha1/namespaces/default/staticroutes';

/** The API, and clients of @kubernetes/client-node with its kubeconfig. */
export class InformerWorld implements AsyncDisposable {
  #store: SqliteStore;
  #served: ServedApi;
  readonly #folder: Awaited<ReturnType<typeof tempFolder>>;
  readonly #history: number;

  private constructor(
    folder: Awaited<ReturnType<typeof tempFolder>>,
    history: number,
    store: SqliteStore,
    served: ServedApi,
  ) {
    this.#folder = folder;
    this.#history = history;
    this.#store = store;
    this.#served = served;
  }

  /** Starts one whose watches can go back by so many changes. */
  static async start(history = STORE_LIMITS.history): Promise<InformerWorld> {
    const folder = await tempFolder();
    const store = openStore(folder.path, { history });
    const served = await serveApi({ store, folder: folder.path });
    return new InformerWorld(folder, history, store, served);
  }

  /** A configuration from the kubeconfig. */
  get config(): KubeConfig {
    const config = new KubeConfig();
    config.loadFromString(this.#served.kubeconfig);
    return config;
  }

  get objects(): KubernetesObjectApi {
    return KubernetesObjectApi.makeApiClient(this.config);
  }

  get customObjects(): CustomObjectsApi {
    return this.config.makeApiClient(CustomObjectsApi);
  }

  breakConnections(): void {
    this.#served.breakConnections();
  }

  /** Creates a StaticRoute as a controller's store does. */
  async add(name: string): Promise<void> {
    const spec = { path: `/${name}`, enabled: true, access: 'authenticated' } as const;
    await this.#store.create({ kind: 'StaticRoute', metadata: { name }, spec });
  }

  async remove(name: string): Promise<void> {
    await this.#store.delete('StaticRoute', name);
  }

  /** Ends the router and starts it again, with what it has on its disk and the same port. */
  async restart(): Promise<void> {
    const { port, issued } = this.#served;
    await this.#served[Symbol.asyncDispose]();
    this.#store.close();
    this.#store = openStore(this.#folder.path, { history: this.#history });
    const folder = this.#folder.path;
    this.#served = await serveApi({ store: this.#store, folder, port, issued });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#served[Symbol.asyncDispose]();
    this.#store.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A Watch that keeps how each of its requests ended, and may ask the server to end them. */
export class ObservedWatch extends Watch {
  /** Messages of errors, and `end` for each clean end. */
  readonly ends: string[] = [];
  /** Codes of what the server said went wrong. */
  readonly refusals: number[] = [];
  readonly #timeoutSeconds: number | undefined;

  constructor(config: KubeConfig, timeoutSeconds?: number) {
    super(config);
    this.#timeoutSeconds = timeoutSeconds;
  }

  override watch(
    ...[path, query, callback, done]: Parameters<Watch['watch']>
  ): Promise<AbortController> {
    const timeout = this.#timeoutSeconds;
    const asked = timeout === undefined ? query : { ...query, timeoutSeconds: timeout };
    const tell: typeof callback = (phase, object: { readonly code?: number }, ...rest) => {
      if (phase === 'ERROR') this.refusals.push(object.code ?? 0);
      callback(phase, object, ...rest);
    };
    return super.watch(path, asked, tell, (error: unknown) => {
      this.ends.push(error instanceof Error ? error.message : 'end');
      done(error);
    });
  }
}

/** An informer of StaticRoutes, with what it told. */
export class ObservedInformer {
  readonly informer: ListWatch<KubernetesObject>;
  /** `add name`, `update name`, `delete name`, in order. */
  readonly told: string[] = [];
  errors = 0;

  constructor(watch: ObservedWatch, objects: KubernetesObjectApi) {
    const list = (): Promise<KubernetesListObject<KubernetesObject>> =>
      objects.list('clearway.dev/v1alpha1', 'StaticRoute', 'default');
    const delayFn = (): Promise<void> => Promise.resolve();
    this.informer = new ListWatch(STATIC_ROUTES, watch, list, false, undefined, undefined, {
      delayFn,
    });
    for (const verb of ['add', 'update', 'delete'] as const) {
      this.informer.on(verb, ({ metadata }) => this.told.push(`${verb} ${metadata?.name ?? ''}`));
    }
    this.informer.on('error', () => (this.errors += 1));
  }

  /** Names that it holds, in order. */
  get names(): readonly string[] {
    return this.informer
      .list()
      .map(({ metadata }) => metadata?.name ?? '')
      .toSorted();
  }
}
