import type { WorkerSummary } from '@codegen/contracts';
import type { WorkerLogEntry } from '@codegen/sdk';
import type { Screen } from '../kit/screen.js';
import { type Column, renderPairs, renderTable } from '../kit/table.js';
import { oneLine } from '../kit/text.js';
import { ago } from './status.js';

/** A worker, as far as it is known. */
export type KnownWorker = Pick<WorkerSummary, 'worker_id' | 'status'> & Partial<WorkerSummary>;

/** Workers in a table. */
export function renderWorkers(items: readonly WorkerSummary[], screen: Screen): string {
  if (items.length === 0) return screen.paint.dim('No workers. Next: orchestrator worker create --help');
  const columns: Column<WorkerSummary>[] = [
    { title: 'WORKER', value: ({ worker_id }) => worker_id, whole: true },
    { title: 'STATUS', value: ({ status }) => status, paint: (text, { status }) => paintState(text, status, screen) },
    { title: 'AGENT', value: ({ agent, agent_config }) => agent_config ?? agent },
    { title: 'STARTED', value: ({ started_at }) => (started_at ? ago(started_at) : '') },
    { title: 'NAME', value: ({ name }) => name },
  ];
  return renderTable(items, columns, screen);
}

/** A worker in full. */
export function renderWorker(worker: KnownWorker, screen: Screen): string {
  const text = (value: string | null | undefined) => (value ? oneLine(value) : undefined);
  const { worker_id, status, name, agent, agent_config, worker_type, started_at } = worker;
  const heading = `${screen.paint.bold(oneLine(name ?? worker_id))}  ${paintState(status, status, screen)}`;
  const pairs = renderPairs(
    [
      ['worker', worker_id],
      ['type', worker_type],
      ['agent', text(agent_config ? `${agent} (${agent_config})` : agent)],
      ['turn', text(worker.turn)],
      ['task', text(worker.task_id)],
      ['project', text(worker.project_id)],
      ['started', started_at ? ago(started_at) : undefined],
      ['error', text(worker.error)],
    ],
    screen,
  );
  return `${heading}\n${pairs}`;
}

/** A line of a worker's log. */
export function logLine({ timestamp, source, text }: WorkerLogEntry, { paint }: Screen): string {
  const line = oneLine(text);
  return `${paint.dim(timestamp.slice(11, 19))}  ${source === 'wrapper' ? paint.cyan(line) : line}`;
}

function paintState(text: string, status: string, { paint }: Screen): string {
  if (status === 'lost') return paint.red(text);
  if (status === 'busy') return paint.cyan(text);
  return status === 'idle' ? paint.green(text) : paint.dim(text);
}
