import { paste } from '@codegen/sdk/errors';
import type { Screen } from '../kit/screen.js';
import type { StartedTask } from '../operations/start-and-follow.js';
import { renderTask } from './task.js';

/** A task that was just started, checked or followed to its end, and what comes next; `project` as the person calls it. */
export function renderStarted(task: StartedTask, screen: Screen, project = task.project_id): string {
  if (task.dry_run) return 'This would work. Nothing was stored.';
  const text = renderTask(task, screen);
  const bold = screen.paint.bold('Next:');
  if (task.status === 'queued' || task.status === 'running') {
    return `${text}\n${bold} ${paste`orchestrator ${task.type} wait ${task.id}`}`;
  }
  if (task.type === 'engineering')
    return `${text}\n${bold} ${paste`orchestrator deploy start --project ${project} --wait`}`;
  return text;
}
