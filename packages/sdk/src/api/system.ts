import { type ServiceName, service, whoami } from '@codegen/contracts';
import { z } from 'zod';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const serviceList = z.object({ items: z.array(service) });
const health = z.object({ status: z.string() });

/** Whether the API is there, whom it takes the caller for, and which services run. */
export function systemCalls(send: Send) {
  return {
    health: (call?: CallOptions) => send({ method: 'GET', path: '/health', schema: health }, call),
    whoami: (call?: CallOptions) => send({ method: 'GET', path: '/whoami', schema: whoami }, call),
    services: async (call?: CallOptions) =>
      (await send({ method: 'GET', path: '/services', schema: serviceList }, call)).items,
    /** A service's own sign of life. */
    noteService: (name: ServiceName, instance: string, version: string, call?: CallOptions) =>
      send({ method: 'PUT', path: path`/services/${name}/${instance}`, body: { version }, schema: service }, call),
  };
}
