import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks for a server to be set up. */
export const provisionerMessage = baseMessage
  .extend({
    server_handle: z.string().describe('The server to set up, by its handle in the API'),
    force_reinstall: z.boolean().default(false).describe('Set the server up from scratch, whatever is on it'),
    is_recovery: z.boolean().default(false).describe('The server was lost: its services are deployed again'),
  })
  .describe('Asks for a server to be set up.');
export type ProvisionerMessage = z.infer<typeof provisionerMessage>;

/** How provisioning ended; also in the key `provisioner:result:{request_id}` for an hour. */
export const provisionerResult = baseResult
  .extend({
    server_handle: z.string().describe('The server that was to be set up'),
    server_ip: nullable(z.string()).describe('The address that it has now'),
    services_redeployed: z.int().default(0).describe('How many services were deployed again'),
    errors: nullable(z.array(z.string())).describe('Everything that went wrong on the way, for a person'),
  })
  .describe('How provisioning ended; also in the key provisioner:result:{request_id} for an hour.');
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
  summary: 'How each provisioning ended.',
});

/** Key that holds a ProvisionerResult for an hour. */
export function provisionerResultKey(requestId: string): string {
  return `provisioner:result:${requestId}`;
}
