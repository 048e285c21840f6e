import type { WorkerSummary } from '@codegen/contracts';
import type { Manager } from './manager.js';
import type { WorkerRecord } from './worker-records.js';

/** What of a worker is told to whoever asks. */
export function summaryOf(record: WorkerRecord, { busy }: Pick<Manager, 'busy'>): WorkerSummary {
  const { worker_id, config, context, state, started_at, failure } = record;
  const running = busy.has(worker_id) ? 'busy' : 'idle';
  return {
    worker_id,
    name: config.name,
    worker_type: config.worker_type ?? 'developer',
    agent: config.agent,
    agent_config: config.agent_config ?? null,
    status: ({ queued: 'starting', starting: 'starting', running, lost: 'lost' } as const)[state],
    turn: busy.get(worker_id) ?? null,
    task_id: context.task_id ?? null,
    project_id: context.project_id ?? null,
    started_at: started_at === undefined ? null : new Date(started_at).toISOString(),
    error: failure?.error ?? null,
  };
}
