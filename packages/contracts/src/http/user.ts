import { z } from 'zod';

export const user = z.object({
  id: z.string(),
  name: z.string().nullable(),
  telegram_id: z.int().nullable(),
  is_admin: z.boolean(),
  created_at: z.string(),
});
export type User = z.infer<typeof user>;

export const createUser = z.object({
  name: z.string().min(1).max(200).nullish(),
  telegram_id: z.int().nullish(),
  is_admin: z.boolean().default(false),
});
export type CreateUser = z.input<typeof createUser>;

export const apiKeyRole = z.enum(['admin', 'user', 'service', 'worker']);
export type ApiKeyRole = z.infer<typeof apiKeyRole>;

/** An API key as it can be read; the secret is shown once, when it is made. */
export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  role: apiKeyRole,
  scopes: z.array(z.string()),
  user_id: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  created_at: z.string(),
});
export type ApiKey = z.infer<typeof apiKey>;

/** Scopes are command ids (`project.*`, `engineering.start`, `*`) and the services' own: `task.claim`, `task.transition`, … */
export const createApiKey = z.object({
  name: z.string().min(1).max(100),
  role: apiKeyRole.default('user'),
  scopes: z.array(z.string().min(1)).min(1).default(['*']),
  user_id: z.string().nullish().describe('Whose key; without it, the caller'),
  expires_at: z.string().nullish(),
});
export type CreateApiKey = z.input<typeof createApiKey>;
export const createdApiKey = z.object({ key: apiKey, secret: z.string() });
export type CreatedApiKey = z.infer<typeof createdApiKey>;

/** Who the caller is. */
export const whoami = z.object({ user, key: apiKey });
export type Whoami = z.infer<typeof whoami>;
