import { z } from 'zod';
import { baseMessage, baseResult, nullable } from '../base.js';
import { defineQueue } from '../define-queue.js';

/** Asks for a server to be set up. */
export const provisionerMessage = baseMessage.extend({
  server_handle: z.string(),
  force_reinstall: z.boolean().default(false),
  is_recovery: z.boolean().default(false),
});
export type ProvisionerMessage = z.infer<typeof provisionerMessage>;

/** How provisioning ended; also in the key `provisioner:result:{request_id}` for an hour. */
export const provisionerResult = baseResult.extend({
  server_handle: z.string(),
  server_ip: nullable(z.string()),
  services_redeployed: z.int().default(0),
  errors: nullable(z.array(z.string())),
});
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
