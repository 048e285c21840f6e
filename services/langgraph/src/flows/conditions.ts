import type { Api } from '@codegen/sdk/api';
import type { Conditions } from '../engine/waits.js';
import { missingSecrets, type SecretsCondition } from './deploy/secrets.js';

/** What flows may wait for that nobody announces: how each is looked up. */
export function flowConditions(api: Api): Conditions {
  return {
    secrets: async (condition, signal) =>
      (await missingSecrets(api, condition as SecretsCondition, signal)).length === 0,
  };
}
