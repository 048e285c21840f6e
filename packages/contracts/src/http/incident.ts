import { z } from 'zod';
import { apiDatetime } from '../datetime.js';

/** A problem of a server, from detection to resolution. */
export const incident = z
  .object({
    id: z.string().describe('Id of the incident'),
    server_handle: z.string().describe('The affected server'),
    severity: z.enum(['info', 'warning', 'critical']).describe('critical: services on the server are unreachable'),
    status: z.enum(['open', 'resolved']).describe('open until the server is healthy again'),
    title: z.string().describe('Human-readable description in one sentence'),
    created_at: apiDatetime('When it was detected'),
    resolved_at: apiDatetime('When it was resolved').nullable().describe('When it was resolved; null while open'),
  })
  .describe('A problem of a server, from detection to resolution.');
