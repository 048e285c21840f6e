export { type Api, createApi } from './create-api.js';
export type { Fetch, FetchRequest, FetchResponse } from './fetch.js';
export type { Page } from './pages.js';
export type { ApiCall, ApiOptions, CallOptions } from './request.js';
export type { RetryOptions } from './retry.js';
export type { ListDeploymentsQuery } from './servers.js';
export type { EventsQuery } from './tasks.js';
