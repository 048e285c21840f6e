import type { ConsumerCore } from './consumer-core.js';

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
