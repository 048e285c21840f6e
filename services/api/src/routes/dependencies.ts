import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Kysely } from 'kysely';
import type { Changes } from '../changes.js';
import type { ConditionKinds } from '../conditions.js';
import type { Database } from '../database/schema.js';
import type { Logger } from '../logger.js';
import type { Vault } from '../vault.js';

/** What every group of routes gets. */
export interface Dependencies {
  readonly db: Kysely<Database>;
  readonly vault: Vault;
  readonly changes: Changes;
  /** What tasks may wait for. */
  readonly conditions: ConditionKinds;
  readonly logger: Logger;
  /** Aborts when the API stops: whoever waits answers at once. */
  readonly stopping: AbortSignal;
}

/** A group of routes. */
export type Routes = FastifyPluginAsyncZod<Dependencies>;
