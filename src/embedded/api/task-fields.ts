const PLAIN = new Set([
  'id',
  'company',
  'user',
  'name',
  'type',
  'status',
  'status_reason',
  'status_message',
  'status_changed',
  'comment',
  'report',
  'report_assets',
  'created',
  'started',
  'completed',
  'published',
  'active_duration',
  'parent',
  'project',
  'tags',
  'system_tags',
  'last_worker',
  'last_worker_report',
  'last_update',
  'last_change',
  'last_changed_by',
  'last_iteration',
  'unique_metrics',
]);
const NESTED = new Set([
  'execution',
  'script',
  'output',
  'runtime',
  'hyperparams',
  'configuration',
  'models',
  'container',
  'last_metrics',
  'metric_stats',
]);

/** Fields of a task that point to something else, which `get_all_ex` shows as objects. */
export const REFERENCES = ['user', 'company', 'project', 'parent', 'execution.queue'] as const;

/** True for a field of a task, dotted where it has fields of its own. */
export function isKnownField(path: string): boolean {
  if (PLAIN.has(path)) return true;
  if (path.startsWith('execution.queue.')) return false;
  return NESTED.has(path.split('.')[0] ?? '');
}
