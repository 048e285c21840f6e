import type { Task, TaskEvent } from '@codegen/contracts';
import { inCi, type Runtime } from '../kit/runtime.js';

/** Shows on standard error how a task gets on. */
export interface Progress {
  show(event: TaskEvent): void;
  /** The API does not answer for the moment. */
  interrupted(): void;
  /** Leaves the last picture; what is printed afterwards stands below it. */
  close(): Promise<void>;
}

const silent: Progress = { show: () => undefined, interrupted: () => undefined, close: async () => undefined };

/** A live view in a terminal, plain lines elsewhere, nothing when quiet. */
export async function openProgress(task: Task, runtime: Runtime, quiet: boolean | undefined): Promise<Progress> {
  if (quiet) return silent;
  const { openScreen } = await import('../kit/screen.js');
  const screen = await openScreen(process.stderr, runtime.env);
  if (runtime.meta.replayed) {
    await runtime.output.err(`An earlier call with the same idempotency key started ${task.id}; this is its course:\n`);
  }
  if (canDrawLive(runtime)) {
    const { LiveProgress } = await import('./live-progress.js');
    return new LiveProgress(task, runtime.output, screen);
  }
  const { PlainProgress } = await import('./plain-progress.js');
  return new PlainProgress((line) => void runtime.output.err(`${line}\n`), screen);
}

/** Whether somebody sits at standard error, in a terminal that can draw over what stands there. */
export function canDrawLive({ json, env }: Pick<Runtime, 'json' | 'env'>): boolean {
  return process.stderr.isTTY && !json && !inCi(env) && env.TERM !== 'dumb';
}
