import { z } from 'zod';
import { apiDatetime } from '../datetime.js';

/** Something that is wrong with a server, from when it was noticed until it is resolved. */
export const incident = z
  .object({
    id: z.string().describe('Id of the incident'),
    server_handle: z.string().describe('The server that it is about'),
    severity: z.enum(['info', 'warning', 'critical']).describe('critical: what runs there is not to be reached'),
    status: z.enum(['open', 'resolved']).describe('open until the server is well again'),
    title: z.string().describe('What is wrong, in one sentence for a person'),
    created_at: apiDatetime('When it was noticed'),
    resolved_at: apiDatetime('When it ended').nullable().describe('When it ended; null while it is open'),
  })
  .describe('Something that is wrong with a server, from when it was noticed until it is resolved.');
