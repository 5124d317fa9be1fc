import { ClearmlClient, type CallRecord } from '../../../src/clearml/client.ts';
import type { TransportSettings } from '../../../src/clearml/transport.ts';
import { EmbeddedClearml } from '../../../src/embedded/api/embedded-clearml.ts';
import type { Seed } from '../../../src/embedded/api/seed.ts';

/** Credentials of the router's user in these tests. */
export const KEYS = { accessKey: 'router-key', secretKey: 'router-secret' };

/** A client with short bounds, and the record of its calls. */
export function aClient(
  apiHost: string,
  transport: Partial<TransportSettings> = {},
  now: () => number = Date.now,
): { readonly client: ClearmlClient; readonly calls: CallRecord[] } {
  const calls: CallRecord[] = [];
  const client = new ClearmlClient({
    transport: { verifyTls: true, timeoutMs: 5_000, maxAnswerBytes: 8 * 1024 * 1024, ...transport },
    apiHost,
    ...KEYS,
    clock: { now },
    onCall: (call) => calls.push(call),
  });
  return { client, calls };
}

/** An embedded ClearML API with the router's user, alice and bob of one company, and eve of another. */
export async function anApi(seed: Partial<Seed> = {}): Promise<EmbeddedClearml> {
  const api = new EmbeddedClearml({
    featureSet: 'basic',
    seed: {
      users: [
        { name: 'router', ...KEYS },
        { name: 'alice' },
        { name: 'bob' },
        { name: 'eve', company: 'elsewhere' },
        { name: 'guest', role: 'guest' },
      ],
      ...seed,
    },
  });
  await api.start();
  return api;
}
