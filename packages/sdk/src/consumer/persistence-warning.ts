import type { ConsumerCore } from './consumer-core.js';

/** Warnings that were given. */
const warned = new Set<string>();

/** Says once per process that the queues would not survive a restart. */
export async function warnWithoutPersistence(core: ConsumerCore): Promise<void> {
  const warning = await core.store.persistenceWarning();
  if (warning === undefined || warned.has(warning)) return;
  warned.add(warning);
  core.logger.warn({}, warning);
}
