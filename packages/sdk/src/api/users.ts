import { apiKey, type CreateApiKey, type CreateUser, createdApiKey, user } from '@codegen/contracts';
import { z } from 'zod';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const keyList = z.object({ items: z.array(apiKey) });

/** People; for administrators. */
export function userCalls(send: Send) {
  return {
    create: (body: CreateUser, options?: CallOptions) =>
      send({ method: 'POST', path: '/users', body, schema: user }, options),
  };
}

/** API keys; the secret of a new one is in the answer to `create` and nowhere else. */
export function keyCalls(send: Send) {
  return {
    create: (body: CreateApiKey, options?: CallOptions) =>
      send({ method: 'POST', path: '/api-keys', body, schema: createdApiKey }, options),
    list: async (options?: CallOptions) =>
      (await send({ method: 'GET', path: '/api-keys', schema: keyList }, options)).items,
    revoke: (id: string, options?: CallOptions) =>
      send({ method: 'DELETE', path: path`/api-keys/${id}`, schema: apiKey }, options),
  };
}
