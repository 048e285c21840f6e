import { formatSeconds } from '../input/duration.js';
import type { Runtime } from '../kit/runtime.js';
import type { Screen } from '../kit/screen.js';
import { canDrawLive } from './progress.js';

/** Says on standard error what is being waited for: with a spinner and seconds in a terminal, once elsewhere. */
export async function openWaiting(
  what: string,
  runtime: Runtime,
  { paint }: Screen,
  quiet: boolean | undefined,
): Promise<{ close(): Promise<void> }> {
  if (quiet) return { close: async () => undefined };
  if (!canDrawLive(runtime)) {
    await runtime.output.err(`${what} …\n`);
    return { close: async () => undefined };
  }
  const { LiveView } = await import('./live-view.js');
  const startedMs = Date.now();
  const view = new LiveView((_, spinner) => {
    // Where it is over, what came of it says so.
    if (spinner === undefined) return [];
    return [`${paint.cyan(spinner)} ${what} ${paint.dim(formatSeconds((Date.now() - startedMs) / 1000))}`];
  }, runtime.output);
  return { close: () => view.close() };
}
