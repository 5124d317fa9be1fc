import { expect } from 'chai';
import { KINDS } from '../../src/resources/schemas.generated.ts';
import { anApiWorld, type ApiWorld } from '../support/api-world.ts';

const GROUP = 'apis/clearway.dev/v1alpha1';

interface Operation {
  readonly 'x-kubernetes-group-version-kind': unknown;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly properties: Readonly<Record<string, unknown>> }>
    >;
  };
}

async function urlOf(world: ApiWorld, path: string): Promise<string> {
  const { paths } = (await world.ask('/openapi/v3')).json as {
    readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string } | undefined>>;
  };
  return paths[path]!.serverRelativeURL;
}

async function documentOf(world: ApiWorld, path: string): Promise<Document> {
  return (await world.ask(await urlOf(world, path))).json as unknown as Document;
}

/** Every reference within a document. */
function references(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) =>
    key === '$ref' ? [field as string] : references(field),
  );
}

describe('OpenAPI', () => {
  it('is kept for ever by its hash, and not without it', async () => {
    await using world = await anApiWorld();
    const url = await urlOf(world, GROUP);

    expect((await world.ask(url)).headers['Cache-Control']).to.include('immutable');
    const plain = await world.ask(url.replace(/\?.*/, ''));
    expect(plain.status).to.equal(200);
    expect(plain.headers['Cache-Control']).not.to.include('immutable');
    expect((await world.ask('/openapi/v3/apis/nope/v1')).status).to.equal(404);
  });

  it('has for every kind, also those that nobody writes, the patch by which clients know that fields are validated', async () => {
    await using world = await anApiWorld();
    const { paths } = await documentOf(world, GROUP);

    for (const [kind, { plural }] of Object.entries(KINDS)) {
      const { patch } = paths[`/${GROUP}/namespaces/{namespace}/${plural}/{name}`]!;
      expect(patch?.['x-kubernetes-group-version-kind']).to.deep.equal({
        group: 'clearway.dev',
        version: 'v1alpha1',
        kind,
      });
      expect(patch?.parameters.map(({ name }) => name)).to.include('fieldValidation');
    }
    const core = await documentOf(world, 'api/v1');
    expect(core.paths['/api/v1/namespaces/{name}']?.['patch']).not.to.equal(undefined);
  });

  it('offers writing where it is served, and nowhere else', async () => {
    await using world = await anApiWorld();
    const { paths } = await documentOf(world, GROUP);
    const operations = (plural: string): readonly string[] =>
      ['', '/{name}'].flatMap((rest) =>
        Object.keys(paths[`/${GROUP}/namespaces/{namespace}/${plural}${rest}`]!),
      );

    expect(operations('staticroutes')).to.include.members(['post', 'put', 'delete']);
    expect(operations('taskroutes')).not.to.include.members(['post']);
    expect(operations('taskroutes')).not.to.include.members(['put']);
    expect(operations('taskroutes')).not.to.include.members(['delete']);
  });

  it('holds the schema of every kind, and refers to nothing that is not there', async () => {
    await using world = await anApiWorld();

    for (const path of [GROUP, 'api/v1', 'apis/apiextensions.k8s.io/v1']) {
      const document = await documentOf(world, path);
      const names = Object.keys(document.components.schemas);
      for (const reference of references(document)) {
        expect(names).to.include(reference.replace('#/components/schemas/', ''));
      }
    }
    const { components } = await documentOf(world, GROUP);
    const spec = components.schemas['dev.clearway.v1alpha1.StaticRoute']?.properties['spec'];
    expect(spec).to.deep.equal(KINDS.StaticRoute.schema.properties?.['spec']);
  });

  it('has an empty document of version 2 for clients that insist, in protobuf alone', async () => {
    await using world = await anApiWorld();
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

    const answer = await world.ask('/openapi/v2', { accept });

    expect(answer.contentType).to.match(/\+protobuf$/);
    const bytes = Buffer.from(answer.text);
    expect(bytes.toString('hex')).to.equal(
      '0a03322e30' +
        '120e' +
        '0a08' +
        Buffer.from('Clearway').toString('hex') +
        '12027631' +
        '4200',
    );
    expect((await world.ask('/openapi/v2', { accept: 'application/json' })).status).to.equal(406);
  });
});
