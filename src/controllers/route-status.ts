import { isTrue } from '../resources/conditions.ts';
import type { TaskRouteStatus } from '../resources/generated.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import {
  reportStatus,
  type Report,
  type ReportDependencies,
  type ReportRules,
} from './status-report.ts';

export type { ReportDependencies, Verdict } from './status-report.ts';

/** What a controller says of a TaskRoute. */
export type RouteReport = Report<TaskRouteStatus>;

const RULES: ReportRules<'TaskRoute'> = {
  kind: 'TaskRoute',
  readyTypes: ['Accepted', 'Programmed', 'Published'],
  readyMessage: 'The address is published.',
};

/** Writes what a controller found into a TaskRoute's status: see {@link reportStatus}. */
export async function reportRoute(
  dependencies: ReportDependencies,
  known: TaskRoute,
  decide: (route: TaskRoute) => RouteReport | undefined,
): Promise<void> {
  await reportStatus(RULES, dependencies, known, decide);
}

/** True when this condition is True. */
export function holds(route: TaskRoute, type: string): boolean {
  return isTrue(route.status.conditions ?? [], type);
}
