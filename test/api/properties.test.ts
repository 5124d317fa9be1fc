import { expect } from 'chai';
import fc from 'fast-check';
import type { ApiAnswer, ServedResource } from '../../src/api/contracts.ts';
import { parseFieldSelector } from '../../src/api/selectors/field-selector.ts';
import { parseJsonPath } from '../../src/api/tables/json-path.ts';
import { parseLabelSelector } from '../../src/api/selectors/label-selector.ts';
import { mediaRanges, negotiateForm } from '../../src/api/read/negotiation.ts';
import { ApiError } from '../../src/api/status.ts';
import { anApiWorld, toRequest } from '../support/api-world.ts';
import { aTaskRoute } from '../support/resources.ts';

/** Texts that come near to what parsers read. */
function near(...parts: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...parts), fc.string({ maxLength: 4 }));
  return fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
}

/** What was made, or the ApiError that was thrown; anything else fails the test. */
function orRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    expect(error).to.be.instanceOf(ApiError);
    return undefined;
  }
}

const LABELS = near('app', 'in', 'notin', '(', ')', ',', '=', '==', '!=', '!', '>', '<', ' ', '5');
const FIELDS = near(
  'metadata.name',
  'metadata.namespace',
  '=',
  '==',
  '!=',
  ',',
  '\\',
  'a',
  'spec.x',
);
const ACCEPT = near(
  'application/json',
  'as=Table',
  'v=v1',
  'g=meta.k8s.io',
  ';',
  ',',
  '*/*',
  'q=0.5',
  '"',
  '\\',
  ' ',
  'as=PartialObjectMetadata',
  'stream=watch',
);

describe('what clients write', () => {
  it('is a label selector, or refused', () => {
    fc.assert(
      fc.property(LABELS, fc.dictionary(fc.string(), fc.string()), (text, labels) => {
        const selects = orRefused(() => parseLabelSelector(text));
        if (selects !== undefined) expect(selects(labels)).to.be.a('boolean');
      }),
    );
  });

  it('selects by labels what is equal, and the rest when it is negated', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);
    fc.assert(
      fc.property(word, word, word, (key, value, other) => {
        const labels = { [key]: value };
        expect(parseLabelSelector(`${key} = ${value}`)(labels)).to.equal(true);
        expect(parseLabelSelector(`${key} in (${other},${value})`)(labels)).to.equal(true);
        expect(parseLabelSelector(`${key} notin (${other})`)(labels)).to.equal(value !== other);
        expect(parseLabelSelector(`${key}!=${other}`)(labels)).to.equal(value !== other);
        expect(parseLabelSelector(`!${key}`)(labels)).to.equal(false);
      }),
      {
        examples: [
          ['in', 'notin', 'in'],
          ['constructor', 'x', 'y'],
        ],
      },
    );
  });

  it('is a field selector, or refused', () => {
    const resource = { namespaced: true, selectable: {} } as ServedResource;
    const object = { metadata: { name: 'a', namespace: 'b' } } as never;
    fc.assert(
      fc.property(FIELDS, (text) => {
        const selects = orRefused(() => parseFieldSelector(text, resource));
        if (selects !== undefined) expect(selects(object)).to.be.a('boolean');
      }),
    );
  });

  it('selects by a field any value that is escaped', () => {
    const resource = { namespaced: true, selectable: {} } as ServedResource;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        const escaped = name.replace(/[\\,=]/g, '\\$&');
        const object = { metadata: { name } } as never;
        expect(parseFieldSelector(`metadata.name=${escaped}`, resource)(object)).to.equal(true);
      }),
    );
  });

  it('is a JSONPath, or refused', () => {
    const path = near('.a', '[0]', '[*]', "['a']", '[?(@.a=="x")]', '.*', '[', ']', '\\', '.');
    fc.assert(
      fc.property(path, fc.jsonValue(), (text, value) => {
        try {
          parseJsonPath(text)(value);
        } catch (error) {
          expect(error).to.be.instanceOf(SyntaxError);
        }
      }),
    );
  });

  it('finds by a JSONPath of names what stands there', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (names) => {
        const quoted = names.map((name) => `['${name.replace(/['\\]/g, '\\$&')}']`).join('');
        const value = names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'found');
        expect(parseJsonPath(quoted)(value)).to.equal('found');
        expect(parseJsonPath(quoted)({})).to.equal(undefined);
      }),
      { examples: [[['__proto__']], [['constructor', 'name']]] },
    );
  });

  it('is an Accept header, or refused', () => {
    fc.assert(
      fc.property(ACCEPT, fc.constantFrom('one' as const, 'list' as const), (text, shape) => {
        expect(mediaRanges(text)).to.be.an('array');
        const form = orRefused(() => negotiateForm(text, shape));
        if (form !== undefined) expect(form.kind).to.be.oneOf(['object', 'table', 'metadata']);
      }),
    );
  });

  it('is taken for a Table whatever the order of its parameters', () => {
    const parameters = fc.shuffledSubarray(['as=Table', 'v=v1', 'g=meta.k8s.io'], { minLength: 3 });
    fc.assert(
      fc.property(parameters, fc.constantFrom(';', '; ', ' ; '), (list, separator) => {
        const accept = `text/html, ${['application/json', ...list].join(separator)}, */*`;
        expect(negotiateForm(accept, 'list')).to.deep.equal({ kind: 'table', version: 'v1' });
      }),
    );
  });
});

describe('every request', () => {
  const path = fc.oneof(
    near(
      '/',
      'api',
      'apis',
      'v1',
      'clearway.dev',
      'v1alpha1',
      'namespaces',
      'default',
      'taskroutes',
      'events',
      'status',
      'x.http',
      'openapi',
      'v3',
      '..',
      '%',
    ),
    fc.constantFrom(
      '/apis/clearway.dev/v1alpha1/taskroutes',
      '/apis/clearway.dev/v1alpha1/namespaces/default/staticroutes/x/status',
      '/api/v1/namespaces/default/events',
    ),
  );
  const name = fc.constantFrom(
    'labelSelector',
    'fieldSelector',
    'limit',
    'continue',
    'resourceVersion',
    'resourceVersionMatch',
    'includeObject',
    'timeoutSeconds',
    'watch',
    'sendInitialEvents',
    'allowWatchBookmarks',
  );
  const value = fc.oneof(
    fc.string(),
    LABELS,
    FIELDS,
    fc.constantFrom('0', '1', 'true', 'Exact', 'NotOlderThan', 'Object', 'None'),
  );
  const method = fc.constantFrom(
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'constructor',
    '',
  );

  it('gets a Status or what it asks for, and never fails by our fault', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('x.http'));
    const stop = new AbortController();
    await fc.assert(
      fc.asyncProperty(
        fc.record({ path, method, accept: fc.oneof(ACCEPT, fc.constant('application/json')) }),
        fc.array(fc.tuple(name, value), { maxLength: 4 }),
        async ({ path: target, ...options }, query) => {
          const request = {
            ...toRequest('/', options, stop.signal),
            path: target,
            query: new URLSearchParams(query),
          };
          const answer = await world.api(request);
          if (!('pieces' in answer)) checkAnswer(answer);
        },
      ),
      { numRuns: 500 },
    );
    stop.abort();
    expect(world.log).to.deep.equal([]);
  });
});

function checkAnswer({ status, contentType = 'application/json', body }: ApiAnswer): void {
  expect(status).to.be.oneOf([200, 400, 404, 405, 406, 410, 422, 429]);
  if (contentType !== 'application/json') return;
  const parsed = JSON.parse(body.toString()) as { readonly kind?: string; readonly code?: number };
  if (status === 200) return;
  expect(parsed).to.include({ kind: 'Status', code: status });
}
