import { taskOf } from '../controllers/task-routes.ts';
import type { Informer } from '../store/informer.ts';

/** The ids of tasks that have a TaskRoute, kept up to date by the informer's changes. */
export function heldTasks(routes: Informer<'TaskRoute'>): ReadonlySet<string> {
  const held = new Set<string>();
  routes.changes.subscribe(({ name }) => {
    const task = taskOf(name);
    if (routes.byIndex('task', task).length > 0) held.add(task);
    else held.delete(task);
  });
  return held;
}
