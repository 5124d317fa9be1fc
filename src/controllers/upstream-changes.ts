import { concatMap, from, type Observable } from 'rxjs';
import type { TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { NameSource, TaskSource } from './contracts.ts';

type Routes = Pick<Informer<'TaskRoute'>, 'items' | 'byIndex'>;

/** The names of the TaskRoutes whose target is a host name that has other addresses now. */
export function routesOfMovedNames({
  names,
  routes,
}: {
  readonly names: NameSource;
  readonly routes: Routes;
}): Observable<string> {
  return names.changes.pipe(
    concatMap((hostName) =>
      from(namesOf([...routes.items()].filter(({ spec }) => spec.target?.address === hostName))),
    ),
  );
}

/** The names of the TaskRoutes of tasks that tell another `hostname`, which says whose container is theirs. */
export function routesOfRenamedTasks({
  tasks,
  routes,
}: {
  readonly tasks: Pick<TaskSource, 'changes' | 'get'>;
  readonly routes: Routes;
}): Observable<string> {
  const told = new Map<string, unknown>();
  return tasks.changes.pipe(
    concatMap((taskId) => {
      const found = routes.byIndex('task', taskId);
      const hostname = tasks.get(taskId)?.runtime['hostname'];
      if (hostname === told.get(taskId)) return [];
      if (found.length === 0 || hostname === undefined) told.delete(taskId);
      else told.set(taskId, hostname);
      return namesOf(found);
    }),
  );
}

function namesOf(routes: readonly TaskRoute[]): readonly string[] {
  return routes.map(({ metadata }) => metadata.name);
}
