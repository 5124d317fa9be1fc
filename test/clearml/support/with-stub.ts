import { expect } from 'chai';
import type { Call } from '../../../src/clearml/client.ts';
import { OperatorError } from '../../../src/errors.ts';
import { startStub, type StubHandler } from './stub-server.ts';

/** A call that any stub can answer. */
export const PING: Call<unknown> = {
  endpoint: 'tasks.ping',
  body: { task: 'x' },
  parse: (data) => data,
};
/** A signal that never aborts. */
export const NEVER = new AbortController().signal;

/** Runs a test on a stub. */
export async function withStub(
  handler: StubHandler,
  test: (
    url: string,
    seen: readonly { path: string; authorization: string; body: string }[],
  ) => Promise<void>,
  token?: string,
): Promise<void> {
  const stub = await startStub(handler, token);
  try {
    await test(stub.url, stub.seen);
  } finally {
    await stub.close();
  }
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<OperatorError> {
  try {
    await promise;
  } catch (error) {
    expect(error).to.be.instanceOf(OperatorError);
    return error as OperatorError;
  }
  throw new Error('it went well');
}
