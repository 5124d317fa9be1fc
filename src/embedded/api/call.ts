import type { Identity } from './model.ts';
import type { Dict } from './json.ts';
import type { EmbeddedState } from './state.ts';
import type { Stamper } from './stamps.ts';

/** What the embedded API claims to be. */
export interface ApiProfile {
  readonly featureSet: 'basic' | 'advanced';
  readonly serverVersion: string;
  readonly apiVersion: string;
  readonly cookieName: string;
  /** Secret that signs tokens. */
  readonly tokenSecret: string;
}

/** What every call may use: the state and the sources of time and ids. */
export interface ApiWorld {
  readonly state: EmbeddedState;
  readonly profile: ApiProfile;
  readonly stamper: Stamper;
  /** Gives 32 hex digits, never the same twice. */
  readonly newId: () => string;
}

/** One authenticated call. */
export interface ApiCall extends ApiWorld {
  readonly endpoint: string;
  readonly body: Dict;
  /** Objects of a json-lines body. */
  readonly batch: readonly Dict[];
  /** Nobody only for calls that need no credentials. */
  readonly identity: Identity;
  /** Version in the path, else the newest. */
  readonly version: string;
  /** Address of the caller as ClearML records it: X-Forwarded-For, X-Real-IP, else the peer. */
  readonly ip: string;
  /** X-ClearML-Worker. */
  readonly worker?: string;
  /** Sets a cookie in the answer: its value, or undefined to delete it. */
  readonly setCookie: (token: string | undefined) => void;
}

/** Answers a call with the `data` of the envelope. @throws ApiRefusal for any other answer. */
export type Handler = (call: ApiCall) => Dict;

/** A call that the embedded API has. */
export interface Endpoint {
  readonly handler: Handler;
  /** Oldest version of the path that finds it. */
  readonly since?: string;
  /** `actual_version` of the envelope. */
  readonly actual?: string;
  /** False when it answers without credentials too. */
  readonly needsCredentials?: false;
  readonly roles?: readonly string[];
  readonly featureSet?: 'advanced';
}

/** Calls by `service.action`. */
export type EndpointTable = Readonly<Record<string, Endpoint>>;
