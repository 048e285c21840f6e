import { pause } from '../queue/backoff.js';
import { defaultRetention } from '../queue/dead-letters.js';
import type { Retention } from '../queue/store.js';
import { sayFailed } from '../queue/what-is-away.js';
import type { ConsumerCore } from './consumer-core.js';
import type { Housekeeping } from './options.js';

const EVERY_MS = 600_000;
const FORGET_AFTER_MS = 3_600_000;

/**
 * Keeps a queue from growing by what is done with: at the start, and then rarely. Each replica does so; the second one
 * finds nothing to do.
 */
export async function housekeepingLoop(
  core: ConsumerCore,
  { everyMs = EVERY_MS, deadLetters, forgetConsumersAfterMs: idleMs = FORGET_AFTER_MS }: Housekeeping,
): Promise<void> {
  while (!core.stopping.aborted) {
    await tidyUp(core, idleMs, { ...defaultRetention, ...deadLetters });
    await pause(everyMs * (0.75 + Math.random() / 2), core.stopping);
  }
}

async function tidyUp(core: ConsumerCore, idleMs: number, limits: Retention): Promise<void> {
  const { store, group, stream, streams, logger } = core;
  // Each by itself: a key that is no stream must not keep the others from being tidied up.
  const tidy = async (one: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      sayFailed(logger, error, 'cannot tidy up now, will try again later', { stream: one });
    }
  };
  for (const one of streams) {
    await tidy(one, async () => {
      await store.forgetConsumers({ stream: one, group }, { idleMs });
      const acknowledged = await store.trimAcknowledged(one);
      if (acknowledged > 0) logger.info({ stream: one, entries: acknowledged }, 'removed what was acknowledged');
    });
  }
  await tidy(stream, async () => {
    const letters = await store.trimDeadLetters(stream, limits);
    if (letters > 0) logger.warn({ stream, entries: letters }, 'removed dead letters that were too old or too many');
  });
}

/** Warnings that were given. */
const warned = new Set<string>();

/** Says once per process how the queues may be lost. */
export async function warnOfLosses(core: ConsumerCore): Promise<void> {
  for (const warning of await core.store.lossWarnings()) {
    if (warned.has(warning)) continue;
    warned.add(warning);
    core.logger.warn({}, warning);
  }
}
