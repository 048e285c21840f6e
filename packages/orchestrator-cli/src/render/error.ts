import type { Task } from '@codegen/contracts';
import type { NextStep, OrchestratorError } from '@codegen/sdk/errors';
import type { Screen } from '../kit/screen.js';
import { oneLine, widthOf } from '../kit/text.js';
import { hang } from '../kit/wrap.js';
import { endOfError } from './task.js';

/** An error for people: what happened, what would have been right, and a line to paste. */
export function renderError(error: OrchestratorError, next: readonly NextStep[], screen: Screen): string {
  const { paint } = screen;
  const bug = error.code === 'BUG' ? 'this is a bug in orchestrator: ' : '';
  // Who stops what runs has made no error.
  const stopped = error.code === 'INTERRUPTED' || error.code === 'TERMINATED';
  const label = stopped ? paint.yellow.bold('Stopped:') : paint.red.bold('Error:');
  const lines = [hang(`${label} ${bug}${oneLine(error.message)} ${paint.dim(`(${error.code})`)}`, screen, 7)];
  if (error.code === 'TASK_FAILED') {
    const end = endOfError(error.details as Task, screen);
    if (end !== '') lines.push(end);
  }
  const untold = issuesOf(error).filter((issue) => !error.message.includes(issue.message));
  for (const { path, message } of untold)
    lines.push(hang(`  ${path === '' ? '' : `${oneLine(path)}: `}${oneLine(message)}`, screen, 4));
  const choices = (error.choices ?? []).filter((choice) => !error.message.includes(choice));
  if (choices.length === 1) lines.push(`Did you mean ${oneLine(choices[0] as string)}?`);
  if (choices.length > 1) lines.push(hang(`One of: ${choices.map(oneLine).join(', ')}`, screen, 8));
  // The last line is to be pasted as it stands, so nothing follows the command.
  const [first] = next;
  if (first) {
    const line = `${paint.bold('Try:')} ${oneLine(first.command)}`;
    lines.push(widthOf(line) <= screen.columns ? line : line.replace(' ', '\n'));
  }
  return lines.join('\n');
}

function issuesOf(error: OrchestratorError): { path: string; message: string }[] {
  const issues = (error.details as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(issues) ? (issues as { path: string; message: string }[]) : [];
}
