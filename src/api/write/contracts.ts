import type { Clock } from '../../controllers/contracts.ts';
import type { Kind, ResourceByKind } from '../../resources/kinds.ts';
import type { Schema } from '../../resources/schema.ts';
import type { ResourceStore } from '../../store/contract.ts';
import type { AnyObject, ApiAnswer, ResourceRequest, WriteRequest } from '../contracts.ts';
import type { WriteOptions } from './options.ts';

/** What writing needs beside the request. */
export interface WriteContext {
  readonly store: ResourceStore;
  readonly clock: Pick<Clock, 'now'>;
  /** The one namespace of the store. */
  readonly namespace: string;
  /** Makes the uid of an object that a dry run would create. */
  readonly newUid: () => string;
  /** A whole number from 0 to below `limit`, for the end of a generated name. */
  readonly randomBelow: (limit: number) => number;
  /** Answers an object with code 200 in the form that the request accepts: as it is, as a Table, its metadata only. */
  readonly render: (request: ResourceRequest, object: AnyObject) => ApiAnswer;
}

/** A stored object of any kind of ours. */
export type Stored = ResourceByKind[Kind];

/** What a write is about. */
export interface Target {
  readonly request: WriteRequest;
  readonly context: WriteContext;
  readonly kind: Kind;
}

/** One write: what was asked for, of which kind, and what came up on the way. */
export interface Write extends Target {
  /** Schema of the whole object. */
  readonly schema: Schema;
  readonly options: WriteOptions;
  /** Texts for `Warning` headers; grows while the body is looked at. */
  readonly warnings: string[];
}
