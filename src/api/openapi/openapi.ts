import type { ApiAnswer, ApiRequest, ServedResource } from '../contracts.ts';
import {
  answerDocument,
  fixedDocument,
  jsonDocument,
  type FixedDocument,
} from '../discovery/documents.ts';
import { notAcceptable } from '../read/negotiation.ts';
import { openApiDocument } from './document.ts';

const V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * An OpenAPI v2 document without content, in protobuf: swagger 2.0, info with title and version, no paths. Older clients insist on
 * reading it before v3, and take nothing but protobuf.
 */
const V2_BODY = Buffer.concat([
  field(1, '2.0'),
  field(2, Buffer.concat([field(1, 'Clearway'), field(2, 'v1')])),
  field(8, ''),
]);

function field(number: number, value: string | Buffer): Buffer {
  const content = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
}

/** Makes the answers under `/openapi`; undefined for other paths. @throws ApiError `NotAcceptable` */
export function makeOpenApi(
  served: readonly ServedResource[],
): (request: ApiRequest) => ApiAnswer | undefined {
  const documents = byPath(served);
  const index = jsonDocument({
    paths: Object.fromEntries(
      [...documents].map(([path, { hash }]) => [
        path,
        { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` },
      ]),
    ),
  });
  const v2 = fixedDocument(V2_BODY, V2_TYPE);
  return (request) => {
    const { path } = request;
    if (path === '/openapi/v3') return answerDocument(request, index, { Vary: 'Accept' });
    if (path === '/openapi/v2') return answerV2(request, v2);
    const document = documents.get(path.replace(/^\/openapi\/v3\//, ''));
    return document === undefined ? undefined : answerV3(request, document);
  };
}

function byPath(served: readonly ServedResource[]): ReadonlyMap<string, FixedDocument> {
  const groups = Map.groupBy(served, ({ group, version }) =>
    group === '' ? `api/${version}` : `apis/${group}/${version}`,
  );
  return new Map(
    [...groups].map(([path, resources]) => [path, jsonDocument(openApiDocument(path, resources))]),
  );
}

/** A document that is asked for by its hash stays what it is for ever. */
function answerV3(request: ApiRequest, document: FixedDocument): ApiAnswer {
  const isByHash = request.query.get('hash') === document.hash;
  const caching = isByHash ? 'public, max-age=31536000, immutable' : 'no-cache, private';
  return answerDocument(request, document, { Vary: 'Accept', 'Cache-Control': caching });
}

function answerV2(request: ApiRequest, document: FixedDocument): ApiAnswer {
  const { accept = '*/*' } = request.headers;
  if (!/protobuf|\*\/\*|application\/\*/.test(accept)) throw notAcceptable(V2_TYPE);
  return answerDocument(request, document, { Vary: 'Accept' });
}
