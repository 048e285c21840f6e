import { z } from 'zod';
import { apiDatetime, wireDatetime } from '../datetime.js';
import { pageQuery } from './problem.js';

export const user = z
  .object({
    id: z.string().describe('Id of the user, user_…; ownership goes by it'),
    name: z.string().nullable().describe('What people call the user'),
    telegram_id: z.int().nullable().describe('Telegram id, beyond 32 bits; what messages call user_id'),
    is_admin: z.boolean().describe("Whether the user sees everybody's rows"),
    created_at: apiDatetime('When the user was added'),
    disabled_at: apiDatetime('When the user was disabled')
      .nullish()
      .describe('When the user was disabled, so that none of their keys works; null: they are not'),
  })
  .describe('A person, or a service acting for itself.');
export type User = z.infer<typeof user>;

export const createUser = z
  .object({
    name: z.string().min(1).max(200).nullish().describe('What people call the user'),
    telegram_id: z.int().nullish().describe('Telegram id, beyond 32 bits; unique'),
    is_admin: z.boolean().default(false).describe("Whether the user sees everybody's rows"),
  })
  .describe('Adds a user.');
export type CreateUser = z.input<typeof createUser>;

export const apiKeyRole = z
  .enum(['admin', 'user', 'service', 'worker'])
  .describe('admin: everything; user: own rows; service: a service of the stack; worker: an agent');
export type ApiKeyRole = z.infer<typeof apiKeyRole>;

/** An API key as it can be read; the secret is shown once, when it is made. */
export const apiKey = z
  .object({
    id: z.string().describe('Id of the key, key_…'),
    name: z.string().describe('What the key is for, for a person'),
    prefix: z.string().describe('How the secret begins, to recognise it by'),
    role: apiKeyRole,
    scopes: z.array(z.string()).describe('What it may do: command ids such as project.*, and the scopes of services'),
    user_id: z.string().describe('Whose key it is'),
    expires_at: apiDatetime('When it ends').nullable().describe('When it ends; null: never'),
    revoked_at: apiDatetime('When it was revoked').nullable().describe('When it was revoked; null: it was not'),
    created_at: apiDatetime('When it was made'),
    created_by: z
      .string()
      .nullish()
      .describe('Id of the key that made it, and with whose revocation it ends; null: the operator, or not known'),
  })
  .describe('An API key as it can be read; the secret is shown once, when it is made.');
export type ApiKey = z.infer<typeof apiKey>;

/** Scopes are command ids (`project.*`, `engineering.start`, `*`) and the services' own: `task.claim`, `task.transition`, … */
export const createApiKey = z
  .object({
    name: z.string().trim().min(1).max(100).describe('What the key is for, for a person'),
    role: apiKeyRole.default('user').describe('admin, user, service or worker'),
    scopes: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'Command ids such as project.*, engineering.start or *; a role: PRODUCT_OWNER, DEVELOPER or DEVOPS; and of services: task.claim, task.transition, … At most 100 different ones, all of them known; without it, all that the caller may and the role can be given',
      ),
    user_id: z
      .string()
      .nullish()
      .describe('Whose key; without it, the caller. An administrator says it for the roles user and worker'),
    expires_at: wireDatetime.nullish().describe('When it ends, as 2030-01-31T00:00:00Z; without it, never'),
  })
  .describe('Makes an API key.');
export type CreateApiKey = z.input<typeof createApiKey>;
export const createdApiKey = z
  .object({
    key: apiKey,
    secret: z.string().describe('What the caller authenticates with; shown this once'),
  })
  .describe('A new API key with its secret.');
export type CreatedApiKey = z.infer<typeof createdApiKey>;

export const listApiKeysQuery = pageQuery
  .extend({ state: z.enum(['valid']).optional().describe('valid: only keys that are neither revoked nor expired') })
  .describe('Which API keys to list.');
export type ListApiKeysQuery = z.input<typeof listApiKeysQuery>;

/** Who the caller is. */
export const whoami = z.object({ user, key: apiKey }).describe('Who the caller is, and with which key.');
export type Whoami = z.infer<typeof whoami>;
