import { setTimeout as sleep } from 'node:timers/promises';
import { isRefusal } from '@codegen/sdk/errors';
import { backoffMs, type Logger, sayFailed, whatIsAway } from '@codegen/sdk/queue';
import { sayBack } from '@codegen/sdk/service';

const LONGEST_BACKOFF_MS = 8000;

/** Round after round until stopped, an interval apart: at once after one that published something, slower while the API is away. Rejects where it is not let in. */
export async function runRounds(
  round: () => Promise<{ published?: number }>,
  intervalMs: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    let pauseMs: number;
    try {
      const { published = 0 } = await round();
      if (failures > 0) sayBack(logger, 'the API');
      failures = 0;
      // The API has waited where its outbox was empty.
      pauseMs = published > 0 ? 0 : Math.max(0, intervalMs - (performance.now() - startedMs));
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(error)) throw error;
      failures += 1;
      pauseMs = backoffMs(failures, { firstMs: intervalMs, longestMs: LONGEST_BACKOFF_MS });
      // One line for what goes on failing, not one a round.
      const doing = 'the relay cannot go on yet, trying again';
      if (failures === 1 || whatIsAway(error)) sayFailed(logger, error, doing);
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
