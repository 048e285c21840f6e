import { z } from 'zod';
import { apiDatetime, wireDatetime } from '../datetime.js';
import { pageQuery } from './problem.js';

export const user = z
  .object({
    id: z.string().describe('Id of the user, user_…'),
    name: z.string().nullable().describe('Display name'),
    telegram_id: z.int().nullable().describe('Telegram id, may exceed 32 bits; user_id in messages'),
    is_admin: z.boolean().describe('Whether the user can see the rows of all users'),
    created_at: apiDatetime('When the user was added'),
    disabled_at: apiDatetime('When the user was disabled')
      .nullish()
      .describe('When the user was disabled, which invalidates all their keys; null: not disabled'),
  })
  .describe('A person, or a service that acts for itself.');
export type User = z.infer<typeof user>;

export const createUser = z
  .object({
    name: z.string().min(1).max(200).nullish().describe('Display name'),
    telegram_id: z.int().nullish().describe('Telegram id, may exceed 32 bits; unique'),
    is_admin: z.boolean().default(false).describe('Whether the user can see the rows of all users'),
  })
  .describe('Adds a user.');
export type CreateUser = z.input<typeof createUser>;

export const apiKeyRole = z
  .enum(['admin', 'user', 'service', 'worker'])
  .describe('admin: everything; user: own rows; service: a service of the stack; worker: an agent');
export type ApiKeyRole = z.infer<typeof apiKeyRole>;

/** An API key without its secret, which is shown only at creation. */
export const apiKey = z
  .object({
    id: z.string().describe('Id of the key, key_…'),
    name: z.string().describe('Human-readable purpose of the key'),
    prefix: z.string().describe('First characters of the secret, to recognise it'),
    role: apiKeyRole,
    scopes: z.array(z.string()).describe('Allowed command ids such as project.*, and scopes of services'),
    user_id: z.string().describe('The user who owns the key'),
    expires_at: apiDatetime('When it expires').nullable().describe('When it expires; null: never'),
    revoked_at: apiDatetime('When it was revoked').nullable().describe('When it was revoked; null: not revoked'),
    created_at: apiDatetime('When it was created'),
    created_by: z
      .string()
      .nullish()
      .describe(
        'Id of the key that created it; revoking that key revokes this one too; null: the operator, or unknown',
      ),
  })
  .describe('An API key without its secret, which is shown only at creation.');
export type ApiKey = z.infer<typeof apiKey>;

/** Scopes are command ids (`project.*`, `engineering.start`, `*`) and scopes of services: `task.claim`, `task.transition`, … */
export const createApiKey = z
  .object({
    name: z.string().trim().min(1).max(100).describe('Human-readable purpose of the key'),
    role: apiKeyRole.default('user').describe('admin, user, service or worker'),
    scopes: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(1000)
      .optional()
      .describe(
        'Command ids such as project.*, engineering.start or *; a role: PRODUCT_OWNER, DEVELOPER or DEVOPS; scopes of services: task.claim, task.transition, … At most 100 different, valid scopes; default: all scopes of the caller that the role allows',
      ),
    user_id: z
      .string()
      .nullish()
      .describe('Owner of the key; default: the caller. Administrators must set it for the roles user and worker'),
    expires_at: wireDatetime.nullish().describe('When it expires, such as 2030-01-31T00:00:00Z; default: never'),
  })
  .describe('Creates an API key.');
export type CreateApiKey = z.input<typeof createApiKey>;
export const createdApiKey = z
  .object({
    key: apiKey,
    secret: z.string().describe('The secret to authenticate with; shown only once'),
  })
  .describe('A new API key with its secret.');
export type CreatedApiKey = z.infer<typeof createdApiKey>;

export const listApiKeysQuery = pageQuery
  .extend({ state: z.enum(['valid']).optional().describe('valid: only keys that are neither revoked nor expired') })
  .describe('Which API keys to list.');
export type ListApiKeysQuery = z.input<typeof listApiKeysQuery>;

/** The caller and its key. */
export const whoami = z.object({ user, key: apiKey }).describe('The caller and its key.');
export type Whoami = z.infer<typeof whoami>;
