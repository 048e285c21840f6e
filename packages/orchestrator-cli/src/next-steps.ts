import { type ErrorCode, type NextStep, type OrchestratorError, paste } from '@codegen/sdk/errors';
import type { Runtime } from './kit/runtime.js';

/** Errors after which nobody here knows whether the API has done what it was asked. */
const IN_DOUBT: ReadonlySet<string> = new Set<ErrorCode>([
  ...(['INTERRUPTED', 'TERMINATED', 'NETWORK', 'TIMEOUT'] as const),
  ...(['API_UNAVAILABLE', 'BAD_RESPONSE', 'INTERNAL'] as const),
]);

/** What to do about an error: its own advice, else what its code calls for. Never empty. */
export function nextSteps(error: OrchestratorError, command: string | undefined, key?: string): NextStep[] {
  if (error.next && error.next.length > 0) return error.next;
  if (key === undefined || !IN_DOUBT.has(error.code)) return usualSteps(error, command);
  const again = {
    command: `orchestrator ${command} --idempotency-key ${paste`${key}`}`,
    when: 'with the same input: what was done already is not done twice',
  };
  const stopped = error.code === 'INTERRUPTED' || error.code === 'TERMINATED';
  return stopped ? [again] : [...usualSteps(error, command), again];
}

function usualSteps(error: OrchestratorError, command: string | undefined): NextStep[] {
  const help = `orchestrator ${command ? `${command} ` : ''}--help`;
  const step = (what: string, when: string): NextStep[] => [{ command: what, when }];
  switch (error.code) {
    case 'UNAUTHENTICATED':
    case 'NOT_CONFIGURED':
      return step('orchestrator auth login', 'to store the address of the API (--api-url) and a token for it');
    case 'FORBIDDEN':
      return step('orchestrator auth status', 'to see what your token may do');
    case 'COMMAND_NOT_ALLOWED':
      return step('orchestrator --help', 'to see all commands; ALLOWED_COMMANDS names those that may be used here');
    case 'PROJECT_NOT_FOUND':
      return step('orchestrator project list', 'to see which projects there are');
    case 'NAME_TAKEN':
      return step('orchestrator project list', 'to see the projects you have');
    case 'TASK_NOT_FOUND':
      return step('orchestrator task list', 'to see which tasks there are');
    case 'PROJECT_ARCHIVED':
      return step('orchestrator project list', 'to see the projects that are open, or make another');
    case 'REDIS_REQUIRED':
      return step(
        'export ORCHESTRATOR_REDIS_URL=redis://127.0.0.1:6379',
        'with the address of your Redis; orchestrator auth login stores one',
      );
    case 'REDIS_UNAVAILABLE':
      return step('orchestrator diagnose redis', 'to see whether Redis answers');
    case 'NETWORK':
    case 'TIMEOUT':
    case 'API_UNAVAILABLE':
    case 'BAD_RESPONSE':
    case 'INTERNAL':
      return step('orchestrator diagnose api', 'to see whether the API answers');
    case 'DISK_FULL':
      return step(`orchestrator ${command ?? ''}`.trim(), 'again, with the same input, once there is room');
    case 'RATE_LIMITED':
    case 'IDEMPOTENCY_IN_PROGRESS':
      return step(`orchestrator ${command ?? ''}`.trim(), 'again, with the same input, in a moment');
    case 'IDEMPOTENCY_MISMATCH':
      return step(help, 'then repeat with another --idempotency-key: this one was used with other input');
    case 'INTERRUPTED':
    case 'TERMINATED':
      return step(`orchestrator ${command ?? ''}`.trim(), 'to start again');
    case 'BUG':
      return step(`ORCHESTRATOR_DEBUG=1 orchestrator ${command ?? ''}`.trim(), 'to get the details for a bug report');
    default:
      return step(help, 'to see what this command takes');
  }
}

/** The same step on the system that the command line named: pasted, it must not go to another one. */
export function onSystem({ command, when }: NextStep, system: Runtime['system']): NextStep {
  const isOurs = command.startsWith('orchestrator ') && !/ --(help|profile|api-url)\b|^orchestrator up\b/.test(command);
  if (!isOurs) return { command, when };
  let line = command;
  if (system.profile !== undefined) line += paste` --profile ${system.profile}`;
  if (system['api-url'] !== undefined) line += paste` --api-url ${system['api-url']}`;
  return { command: line, when };
}
