import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks infra-service to set up a server. */
export const provisionerMessage = baseMessage
  .extend({
    server_handle: z.string().describe('The server to set up, by its handle in the API'),
    force_reinstall: z.boolean().default(false).describe('Set the server up from scratch, discarding its contents'),
    is_recovery: z.boolean().default(false).describe('The server was lost: deploy its services again'),
  })
  .describe('Asks infra-service to set up a server.');
export type ProvisionerMessage = z.infer<typeof provisionerMessage>;

/** Result of provisioning; also in the key `provisioner:result:{request_id}` for an hour. */
export const provisionerResult = baseResult
  .extend({
    server_handle: z.string().describe('The server to set up'),
    server_ip: nullable(z.string()).describe('Its current address'),
    services_redeployed: z.int().default(0).describe('Number of services deployed again'),
    errors: nullable(z.array(z.string())).describe('Human-readable errors during the setup'),
  })
  .describe('Result of provisioning; also in the key provisioner:result:{request_id} for an hour.');
export type ProvisionerResult = z.infer<typeof provisionerResult>;

export const provisionerQueue = defineQueue({
  stream: 'provisioner:queue',
  kind: 'work',
  model: 'ProvisionerMessage',
  message: provisionerMessage,
  group: 'infra-consumer',
  producers: ['scheduler', 'langgraph'],
  consumers: ['infra-service'],
  summary: 'Servers to set up.',
  results: 'provisioner:results',
});

export const provisionerResults = defineQueue({
  stream: 'provisioner:results',
  kind: 'work',
  model: 'ProvisionerResult',
  message: provisionerResult,
  group: 'langgraph',
  producers: ['infra-service'],
  consumers: ['langgraph'],
  summary: 'Results of provisioning.',
});

/** Redis key that keeps a ProvisionerResult for an hour. */
export function provisionerResultKey(requestId: string): string {
  return `provisioner:result:${requestId}`;
}
