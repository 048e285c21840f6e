import type { NextStep, OrchestratorError } from '@codegen/sdk/errors';
import type { Screen } from './screen.js';
import { oneLine } from './text.js';

/** An error for people: what happened, what would have been right, and a line to paste. */
export function renderError(error: OrchestratorError, next: readonly NextStep[], { paint }: Screen): string {
  const bug = error.code === 'BUG' ? 'this is a bug in orchestrator: ' : '';
  const lines = [`${paint.red.bold('Error:')} ${bug}${oneLine(error.message)} ${paint.dim(`(${error.code})`)}`];
  for (const issue of issuesOf(error)) lines.push(`  ${oneLine(issue.path)}: ${oneLine(issue.message)}`);
  if (error.choices && error.choices.length > 0 && error.code !== 'COMMAND_NOT_ALLOWED') {
    const lead = error.choices.length > 1 ? 'One of' : 'Did you mean';
    const end = error.choices.length > 1 ? '' : '?';
    lines.push(`${lead}: ${error.choices.map(oneLine).join(', ')}${end}`);
  }
  const [first] = next;
  if (first) lines.push(`${paint.bold('Try:')} ${oneLine(first.command)}  ${paint.dim(oneLine(first.when))}`);
  return lines.join('\n');
}

function issuesOf(error: OrchestratorError): { path: string; message: string }[] {
  const issues = (error.details as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(issues) ? (issues as { path: string; message: string }[]) : [];
}
