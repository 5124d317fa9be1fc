import type { AnyObject, ServedResource } from '../contracts.ts';
import type { Form, MetaVersion } from '../read/negotiation.ts';
import { apiVersionOf } from '../read/read.ts';
import type { ApiError } from '../status.ts';
import type { IncludeObject } from '../tables/table.ts';
import type { Writers } from '../writers.ts';

/** What a change is to a client (meta/v1 WatchEvent); bookmarks and errors have methods of their own. */
export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** What the events of one watch are written with. */
export interface WatchEventOptions {
  readonly writers: Writers;
  readonly resource: ServedResource;
  readonly form: Form;
  readonly include: IncludeObject;
}

/** Writes the events of one watch: a line of JSON each. */
export class WatchEventWriter {
  readonly #options: WatchEventOptions;
  #hasColumns = false;

  constructor(options: WatchEventOptions) {
    this.#options = options;
  }

  /** A change of an object. */
  event(type: ChangeType, object: AnyObject): string {
    return line(type, this.#object(object));
  }

  /** How far the client has come. */
  bookmark(resourceVersion: string, annotations?: Readonly<Record<string, string>>): string {
    const { resource, form } = this.#options;
    const metadata = {
      resourceVersion,
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    switch (form.kind) {
      case 'object': {
        const apiVersion = apiVersionOf(resource);
        return line('BOOKMARK', JSON.stringify({ kind: resource.kind, apiVersion, metadata }));
      }
      case 'metadata':
        return line('BOOKMARK', JSON.stringify(partial(metadata, form.version)));
      case 'table':
        return line('BOOKMARK', this.#bookmarkTable(metadata, form.version));
    }
  }

  /** The last line of a watch that cannot go on. */
  error(error: ApiError): string {
    return line('ERROR', JSON.stringify(error.toStatus()));
  }

  #object(object: AnyObject): string {
    const { writers, form } = this.#options;
    switch (form.kind) {
      case 'object':
        return writers.texts.whole(object);
      case 'metadata':
        return writers.texts.metadata(object, form.version);
      case 'table':
        return this.#table(object, form.version);
    }
  }

  /** Clients keep the columns of the first Table for those that follow. */
  #table(object: AnyObject, version: MetaVersion): string {
    const { writers, resource, include } = this.#options;
    const withColumns = !this.#hasColumns;
    this.#hasColumns = true;
    const options = { version, include, withColumns, now: writers.now() };
    return writers.tableOf(resource).table([object], object.metadata.resourceVersion, options);
  }

  /** As Kubernetes does: a row without content, whose object carries the annotations. */
  #bookmarkTable(metadata: BookmarkMeta, version: MetaVersion): string {
    const cells = this.#options.resource.columns.map(() => null);
    return JSON.stringify({
      kind: 'Table',
      apiVersion: `meta.k8s.io/${version}`,
      metadata: { resourceVersion: metadata.resourceVersion },
      columnDefinitions: null,
      rows: [{ cells, object: partial(metadata, version) }],
    });
  }
}

interface BookmarkMeta {
  readonly resourceVersion: string;
}

function partial(metadata: BookmarkMeta, version: MetaVersion): Readonly<Record<string, unknown>> {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

function line(type: ChangeType | 'BOOKMARK' | 'ERROR', object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}
