import type { AnyObject, ApiAnswer, ResourceRequest } from '../contracts.ts';
import { expired, notFound } from '../failures.ts';
import { requireReached } from './freshness.ts';
import { readSelection, readVersion, type ListOptions } from './list-options.ts';
import { negotiateForm } from './negotiation.ts';
import type { Writers } from '../writers.ts';
import { includeOf } from '../tables/table.ts';

/** Answers one object, and names it, with code 200 in the form that the request accepts: as it is, as a Table, its metadata only. */
export type RenderObject = (request: ResourceRequest, object: AnyObject) => ApiAnswer;

/** Makes a {@link RenderObject}. */
export function makeRenderObject(writers: Writers): RenderObject {
  return (request, object) => {
    const form = negotiateForm(request.headers.accept, 'one');
    return { status: 200, body: oneText(form, request, object), object };
  };

  function oneText(
    form: ReturnType<typeof negotiateForm>,
    { resource, query }: ResourceRequest,
    object: AnyObject,
  ): string {
    switch (form.kind) {
      case 'object':
        return writers.texts.wholeOnce(object);
      case 'metadata':
        return writers.texts.metadata(object, form.version);
      case 'table':
        return writers.tableOf(resource).table([object], object.metadata.resourceVersion, {
          version: form.version,
          include: includeOf(query.get('includeObject')),
          withColumns: true,
          now: writers.now(),
        });
    }
  }
}

/** Answers a request for one object. @throws ApiError `BadRequest`, `NotFound`, `NotAcceptable`, `Timeout` */
export async function answerGet(
  request: ResourceRequest & { readonly name: string },
  render: RenderObject,
): Promise<ApiAnswer> {
  const { resource, query, namespace, name, signal } = request;
  const wanted = readVersion(query);
  if (wanted !== '') requireReached(wanted, (await resource.source.list(signal)).resourceVersion);
  const object = await resource.source.get(name, signal);
  const isThere = object !== undefined && object.metadata.namespace === namespace;
  if (!isThere) throw notFound(resource, name);
  return render(request, object);
}

/** Answers a request for a list. @throws ApiError `BadRequest`, `Expired`, `NotAcceptable`, `Timeout` */
export async function answerList(
  request: ResourceRequest,
  options: ListOptions,
  writers: Writers,
): Promise<ApiAnswer> {
  const { resource, query, headers, signal } = request;
  const form = negotiateForm(headers.accept, 'list');
  const selects = readSelection(request);
  const include = includeOf(query.get('includeObject'));
  if (options.continueToken !== '') throw expired(CONTINUE_EXPIRED);
  const list = await resource.source.list(signal);
  const { resourceVersion } = list;
  requireReached(options.resourceVersion, resourceVersion);
  if (options.resourceVersionMatch === 'Exact' && options.resourceVersion !== resourceVersion) {
    throw expired(`The resourceVersion for the provided list is too old.`);
  }
  const items = list.items.filter(selects);
  if (form.kind === 'table') {
    const { version } = form;
    const table = { version, include, withColumns: true, now: writers.now() };
    return { status: 200, body: writers.tableOf(resource).table(items, resourceVersion, table) };
  }
  const { texts } = writers;
  return form.kind === 'metadata'
    ? listAnswer(
        { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}` },
        { resourceVersion },
        items.map((item) => texts.metadata(item, form.version)),
      )
    : listAnswer(
        { kind: resource.listKind, apiVersion: apiVersionOf(resource) },
        // As lists of custom resources have it, and lists of core kinds do not.
        { resourceVersion, ...(resource.schema === undefined ? {} : { continue: '' }) },
        items.map((item) => texts.wholeOnce(item)),
      );
}

/** The API version that objects of a resource carry. */
export function apiVersionOf(resource: {
  readonly group: string;
  readonly version: string;
}): string {
  const { group, version } = resource;
  return group === '' ? version : `${group}/${version}`;
}

/** Lists are never cut, so there is no token that somebody could have. */
const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.';

function listAnswer(
  type: { readonly kind: string; readonly apiVersion: string },
  metadata: { readonly resourceVersion: string; readonly continue?: '' },
  items: readonly string[],
): ApiAnswer {
  const head = JSON.stringify({ ...type, metadata }).slice(0, -1);
  return { status: 200, body: `${head},"items":[${items.join(',')}]}` };
}
