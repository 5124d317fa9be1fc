import { isDict, type Dict } from './json.ts';
import type { TaskDocument } from './model.ts';
import { formatStamp } from './stamps.ts';

/** What a new task is made from. */
export interface TaskStart {
  readonly id: string;
  readonly company: string;
  readonly user: string;
  readonly name: string;
  readonly type: string;
  readonly now: number;
}

/** A new task as the server fills it in: status `created`, empty parts, defaults of a script. */
export function newTaskDocument(start: TaskStart): TaskDocument {
  const stamp = formatStamp(start.now);
  return {
    id: start.id,
    company: start.company,
    user: start.user,
    name: start.name,
    type: start.type,
    status: 'created',
    report_assets: [],
    created: stamp,
    output: {},
    execution: {
      test_split: 0,
      parameters: {},
      model_desc: {},
      model_labels: {},
      artifacts: [],
    },
    tags: [],
    system_tags: [],
    script: { binary: 'python', repository: '', entry_point: '', requirements: {} },
    last_update: stamp,
    last_change: stamp,
    last_iteration: 0,
    last_metrics: {},
    unique_metrics: [],
    metric_stats: {},
    hyperparams: {},
    configuration: {},
    runtime: {},
    models: { input: [], output: [] },
    container: {},
    last_changed_by: start.user,
  };
}

/** Objects that an edit merges into instead of replacing them. */
const MERGED = new Set(['script', 'execution', 'models']);

/** Writes one field of a create or edit into a task, and gives what the answer shows of it. */
export function writeField(
  doc: TaskDocument,
  field: string,
  value: unknown,
): readonly [string, unknown] {
  if (field === 'output_dest') {
    doc.output = { ...doc.output, destination: value };
    return ['output', doc.output];
  }
  const old = doc[field];
  const written: unknown =
    MERGED.has(field) && isDict(value) && isDict(old)
      ? ({ ...old, ...value } satisfies Dict)
      : value;
  doc[field] = written;
  return [field, written];
}
