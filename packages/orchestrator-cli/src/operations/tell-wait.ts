import type { Task } from '@codegen/contracts';
import type { NextStep } from '@codegen/sdk/errors';
import type { Runtime } from '../kit/runtime.js';
import { asCalled } from '../program.js';

/** Warns of what a task waits for, where it does. @returns what somebody can do about it */
export function tellWait({ waits_for: wait }: Task, { warnings }: Pick<Runtime, 'warnings'>): NextStep | undefined {
  if (!wait) return undefined;
  warnings.push(wait.next ? `${wait.why}: ${asCalled(wait.next.command)}` : wait.why);
  return wait.next ?? undefined;
}
