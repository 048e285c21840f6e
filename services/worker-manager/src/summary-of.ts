import type { WorkerSummary } from '@codegen/contracts';
import type { WorkerRecord } from './worker-records.js';

/**
 * What of a worker is told to whoever asks. `turn` is what it says of itself: the request of its turn, '' between two,
 * undefined before it has said anything.
 */
export function summaryOf(record: WorkerRecord, turn: string | undefined): WorkerSummary {
  const { worker_id, config, context, state, started_at, failure } = record;
  const isThere = state === 'running' || (state === 'starting' && turn !== undefined);
  const ofLiving = isThere ? (turn ? 'busy' : 'idle') : 'starting';
  return {
    worker_id,
    name: config.name,
    worker_type: config.worker_type ?? 'developer',
    agent: config.agent,
    agent_config: config.agent_config ?? null,
    status: state === 'lost' ? 'lost' : ofLiving,
    turn: (state !== 'lost' && turn) || null,
    task_id: context.task_id ?? null,
    project_id: context.project_id ?? null,
    started_at: started_at === undefined ? null : new Date(started_at).toISOString(),
    error: failure?.error ?? null,
  };
}
