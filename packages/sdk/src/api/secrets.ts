import { resolvedSecret, secret } from '@codegen/contracts';
import { z } from 'zod';
import { path } from './path.js';
import type { CallOptions, Send } from './request.js';

const secretList = z.object({ items: z.array(secret) });

/** Secrets of projects: values go in and come out only for services that may resolve them. */
export function secretCalls(send: Send) {
  return {
    put: (project: string, name: string, value: string, options?: CallOptions) =>
      send(
        { method: 'PUT', path: path`/projects/${project}/secrets/${name}`, body: { value }, schema: secret },
        options,
      ),
    list: async (project: string, options?: CallOptions) =>
      (await send({ method: 'GET', path: path`/projects/${project}/secrets`, schema: secretList }, options)).items,
    delete: (project: string, name: string, options?: CallOptions) =>
      send({ method: 'DELETE', path: path`/projects/${project}/secrets/${name}` }, options),
    resolve: (reference: string, options?: CallOptions) =>
      send({ method: 'POST', path: '/secrets/resolve', body: { reference }, schema: resolvedSecret }, options),
  };
}
