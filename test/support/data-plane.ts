import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import type { AccessDecider, Clock } from '../../src/controllers/contracts.ts';
import { ProxyDataPlane } from '../../src/proxy/data-plane.ts';
import { realClock } from './clocks.ts';
import { TestWorker, type WorkerIdentity } from './channel-client.ts';
import { tempFolder } from './temp-folder.ts';

/** A data plane over a folder of its own, with real sockets and files. */
export interface RunningDataPlane extends AsyncDisposable {
  readonly plane: ProxyDataPlane;
  readonly folder: string;
  readonly socketPath: string;
  /** A worker that polls until the end of the test. */
  worker(identity?: Partial<WorkerIdentity>): TestWorker;
  /** A worker that polls when it is told to. */
  idleWorker(identity?: Partial<WorkerIdentity>): TestWorker;
  /** Ends this data plane and starts another one over the same folder. */
  restart(): Promise<ProxyDataPlane>;
}

/** What a test may choose. */
export interface DataPlaneOptions {
  readonly clock?: Clock;
  readonly decider?: AccessDecider;
  readonly logger?: Logger;
  /** Called with the folder before the data plane starts. */
  readonly prepare?: (folder: string) => Promise<void>;
}

const nobody: AccessDecider = { decide: () => Promise.resolve({ verdict: 'unavailable' }) };

/** Starts a data plane; disposing it ends its workers, the data plane and the folder. */
export async function startDataPlane(options: DataPlaneOptions = {}): Promise<RunningDataPlane> {
  const { clock = realClock, decider = nobody, logger = pino({ level: 'silent' }) } = options;
  const temp = await tempFolder();
  const folder = join(temp.path, 'nginx');
  const socketPath = join(folder, 'router.sock');
  await options.prepare?.(folder);
  const workers: TestWorker[] = [];
  const begin = async (): Promise<ProxyDataPlane> => {
    const deps = { folder, clock, logger, decider, freshSeconds: 60, usableSeconds: 900 };
    const made = new ProxyDataPlane(deps);
    await made.start(new AbortController().signal);
    return made;
  };
  let plane = await begin();
  const idleWorker = (identity?: Partial<WorkerIdentity>): TestWorker => {
    const made = new TestWorker(socketPath, identity);
    workers.push(made);
    return made;
  };
  return {
    get plane() {
      return plane;
    },
    folder,
    socketPath,
    idleWorker,
    worker: (identity) => idleWorker(identity).run(),
    restart: async () => {
      await plane.close();
      plane = await begin();
      return plane;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await plane.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}
