import { OperatorError } from '../../errors.ts';
import type { RouterClient } from '../../api/access/router-client.ts';

/** A resource that the API serves (meta/v1 APIResource). */
export interface FoundResource {
  /** Path of all its objects, in every namespace. */
  readonly path: string;
  readonly plural: string;
  readonly singular: string;
  /** Empty for the core group. */
  readonly group: string;
}

interface ResourceList {
  readonly groupVersion: string;
  readonly resources: readonly {
    readonly name: string;
    readonly singularName: string;
    readonly shortNames?: readonly string[];
    readonly kind: string;
  }[];
}

const PLACES = ['/apis/clearway.dev/v1alpha1', '/api/v1'] as const;

/** Finds a resource by plural, singular, short name or kind, as kubectl does. @throws OperatorError `API_REFUSED` */
export async function findResource(client: RouterClient, word: string): Promise<FoundResource> {
  const wanted = word.toLowerCase();
  const known: string[] = [];
  for (const place of PLACES) {
    const list = (await client.ask({ path: place })) as ResourceList;
    const served = list.resources.filter(({ name }) => !name.includes('/'));
    known.push(...served.map(({ name }) => name));
    const found = served.find(({ name, singularName, shortNames = [], kind }) =>
      [name, singularName, kind.toLowerCase(), ...shortNames].includes(wanted),
    );
    if (found !== undefined) {
      const { name: plural, singularName: singular } = found;
      const [group = '', version] = list.groupVersion.split('/');
      return {
        path: `${place}/${plural}`,
        plural,
        singular,
        group: version === undefined ? '' : group,
      };
    }
  }
  const problem = `the server doesn't have a resource type ${JSON.stringify(word)}; it has ${known.join(', ')}`;
  throw new OperatorError('API_REFUSED', { problem });
}

/** The resource with its group, as kubectl names it. */
export function fullName(word: string, group: string): string {
  return group === '' ? word : `${word}.${group}`;
}
