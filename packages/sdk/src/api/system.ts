import { whoami } from '@codegen/contracts';
import { z } from 'zod';
import type { CallOptions, Send } from './request.js';

const health = z.object({ status: z.string() });

/** Whether the API is there, and whom it takes the caller for. */
export function systemCalls(send: Send) {
  return {
    health: (call?: CallOptions) => send({ method: 'GET', path: '/health', schema: health }, call),
    whoami: (call?: CallOptions) => send({ method: 'GET', path: '/whoami', schema: whoami }, call),
  };
}
