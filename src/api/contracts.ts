import type { IncomingHttpHeaders } from 'node:http';
import type { ManagedFieldsEntry } from '../resources/kinds.ts';
import type { Schema } from '../resources/schema.ts';

/** Who calls the API. */
export interface ApiUser {
  readonly name: string;
  readonly groups: readonly string[];
  /** `view` may get, list and watch; `admin` may also write what people may write. */
  readonly role: 'view' | 'admin';
  /** True for who calls by the control socket. */
  readonly isLocal?: boolean;
}

/** A request whose caller is known. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly user: ApiUser;
  /** The whole body, read once up to this many bytes, and the same each time. @throws ApiError `RequestEntityTooLarge` beyond them */
  readonly body: (limit: number) => Promise<Buffer>;
  /** Aborts when the client goes away or the router stops. */
  readonly signal: AbortSignal;
}

/** An answer that is there at once. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** `application/json` unless it says otherwise. */
  readonly contentType?: string;
  readonly body: string | Buffer;
  /** What the body shows, when that is one object. */
  readonly object?: AnyObject;
}

/** An answer that goes on: its head is sent at once, each piece when the client took those before. */
export interface ApiStream {
  readonly contentType: string;
  readonly pieces: AsyncIterable<string>;
}

/** Metadata of any object of the API, ours and core ones. */
export interface AnyMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any object of the API. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: AnyMeta;
  readonly [field: string]: unknown;
}

/** One change of one object; `previous` is there when it is `modified`. */
export interface AnyChange {
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: AnyObject;
  readonly previous?: AnyObject;
}

/** Where the objects of a served resource are read. The same object comes as the same reference while it does not change. */
export interface ObjectSource {
  list(signal?: AbortSignal): Promise<{
    readonly items: readonly AnyObject[];
    readonly resourceVersion: string;
  }>;
  get(name: string, signal?: AbortSignal): Promise<AnyObject | undefined>;
  /** @throws OperatorError `RESOURCE_VERSION_EXPIRED` */
  watch(resourceVersion: string, signal: AbortSignal): AsyncIterable<AnyChange>;
}

/** What stands in a cell of a Table: a plain value, or a time that is shown as the age it has when the Table is made. */
export type TableCell = string | number | boolean | null | { readonly since: string };

/** A column of a Table (meta/v1 TableColumnDefinition), with how its cells are read. */
export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** 0 always, more for `-o wide` only. */
  readonly priority: number;
  readonly cell: (object: AnyObject) => TableCell;
}

/** A verb of discovery. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** A verb that changes something. */
export type WriteVerb = Exclude<Verb, 'get' | 'list' | 'watch'>;

/** A resource that the API serves. */
export interface ServedResource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly hasStatus: boolean;
  /** What people hear who try to write a resource that they may not write. */
  readonly readOnlyMessage?: string;
  /** Columns of a Table. */
  readonly columns: readonly TableColumn[];
  /** Schema of the whole object; absent for core kinds that `explain` does not know. */
  readonly schema?: Schema;
  /** Fields that a field selector may name, beside metadata.name and metadata.namespace, with how they are read. */
  readonly selectable: Readonly<Record<string, (object: AnyObject) => string>>;
  readonly source: ObjectSource;
}

/** What a path and a method ask of a served resource. */
export interface ResourceRequest extends ApiRequest {
  readonly resource: ServedResource;
  /** Absent for all namespaces, and for resources that have none. */
  readonly namespace?: string;
  /** Absent for the collection. */
  readonly name?: string;
  readonly subresource?: 'status';
}

/** A write of a resource that takes it, by somebody who may write it. */
export interface WriteRequest extends ResourceRequest {
  readonly verb: WriteVerb;
}

/** What a request wants to do, as it is asked of the authorizer (authorization/v1 ResourceAttributes, NonResourceAttributes). */
export interface RequestAttributes {
  /** A verb of discovery, `deletecollection`, or the method in small letters when it is about no resource. */
  readonly verb: string;
  readonly path: string;
  /** Absent when the path is no resource's. */
  readonly resource?: {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** Lets a request pass. @throws ApiError `Forbidden` */
export type Authorize = (request: ApiRequest, attributes: RequestAttributes) => Promise<void>;
