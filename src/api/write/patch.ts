import { PATCH_TYPES, type Body } from './body.ts';
import type { Stored, Write } from './contracts.ts';
import { readIncoming } from './incoming.ts';
import { isObject, type JsonObject } from './json.ts';
import { JsonPatchError, jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { badRequest } from './problems.ts';
import { ApiError } from '../status.ts';
import { saveChange } from './save.ts';
import { addressed, partsAfter, readLive, requireSameUid, requireVersion } from './update.ts';

/** Most operations of a JSON patch (apiserver, maxJSONPatchOperations). */
const OPERATION_LIMIT = 10_000;

/**
 * Changes an object, or its status, by a merge patch or a JSON patch.
 * @throws ApiError, OperatorError of the store; `RESOURCE_CONFLICT` when another writer came in between
 */
export async function patch(write: Write, body: Body, mediaType: string): Promise<Stored> {
  const change = mediaType === PATCH_TYPES.json ? jsonChange(body) : mergeChange(body);
  const live = await readLive(write);
  const document = change(live);
  const duplicates = mediaType === PATCH_TYPES.json ? [] : body.duplicates;
  const incoming = readIncoming(write, document, duplicates, (metadata) =>
    addressed(write, metadata),
  );
  requireSameUid(write, live, incoming.metadata);
  requireVersion(write, live, incoming.metadata);
  return saveChange(write, live, partsAfter(write, live, incoming));
}

type Change = (live: Stored) => unknown;

function mergeChange({ value }: Body): Change {
  if (!isObject(value)) throw badRequest('error decoding patch: a merge patch is an object');
  return (live) => mergePatch(live, value);
}

function jsonChange({ value }: Body): Change {
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw badRequest('error decoding patch: a JSON patch is a list of operations');
  }
  if (value.length > OPERATION_LIMIT) {
    throw new ApiError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${OPERATION_LIMIT}, got ${value.length}`,
    );
  }
  const operations = value as readonly JsonObject[];
  return (live) => {
    try {
      return jsonPatch(live, operations);
    } catch (error) {
      if (!(error instanceof JsonPatchError)) throw error;
      const message = `the JSON patch cannot be applied: ${error.message}`;
      throw Object.assign(new ApiError('Invalid', message, {}), { cause: error });
    }
  };
}
