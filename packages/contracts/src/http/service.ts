import { z } from 'zod';
import { apiDatetime } from '../datetime.js';
import { identifier } from '../identifiers.js';
import { serviceNames } from '../scopes.js';

export const serviceName = z.enum(serviceNames).describe('Name of the service');

/** Seconds without a sign of life after which a service is silent: two signs may be lost. */
export const SILENT_AFTER_S = 30;

export const service = z
  .object({
    name: serviceName,
    instance: identifier.describe('The process of the service'),
    version: z.string().describe('The release that it runs'),
    state: z.enum(['alive', 'silent']).describe('silent: no sign of life for 30 s'),
    seen_at: apiDatetime('When it sent its last sign of life'),
  })
  .describe('A process of a service, known from its signs of life; removed a day after the last one.');
export type Service = z.infer<typeof service>;

export const signOfLife = z
  .object({ version: z.string().min(1).max(100).describe('The release that it runs') })
  .describe('A sign of life of a service: it runs, and its key is valid.');
