import {
  apiKey,
  type CreateApiKey,
  type CreateUser,
  createdApiKey,
  type ListApiKeysQuery,
  type PageQuery,
  pageOf,
  user,
} from '@codegen/contracts';
import { walkPages } from './pages.js';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const keyPage = pageOf(apiKey);
const userPage = pageOf(user);

/** People; for administrators. */
export function userCalls(send: Send) {
  const page = (query: PageQuery = {}, options?: CallOptions) =>
    send({ method: 'GET', path: '/users', query, schema: userPage }, options);
  return {
    page,
    list: (query: PageQuery = {}, options: CallOptions = {}) => walkPages(page, query, options),
    disable: (id: string, options?: CallOptions) =>
      send({ method: 'POST', path: path`/users/${id}/disable`, schema: user }, options),
    enable: (id: string, options?: CallOptions) =>
      send({ method: 'POST', path: path`/users/${id}/enable`, schema: user }, options),
    create: (body: CreateUser, options?: CallOptions) =>
      send({ method: 'POST', path: '/users', body, schema: user }, options),
  };
}

/** API keys; the secret of a new one is in the answer to `create` and nowhere else. */
export function keyCalls(send: Send) {
  const page = (query: ListApiKeysQuery = {}, options?: CallOptions) =>
    send({ method: 'GET', path: '/api-keys', query, schema: keyPage }, options);
  return {
    create: (body: CreateApiKey, options?: CallOptions) =>
      send({ method: 'POST', path: '/api-keys', body, schema: createdApiKey }, options),
    page,
    list: (query: ListApiKeysQuery = {}, options: CallOptions = {}) => walkPages(page, query, options),
    revoke: (id: string, options?: CallOptions) =>
      send({ method: 'DELETE', path: path`/api-keys/${id}`, schema: apiKey }, options),
  };
}
