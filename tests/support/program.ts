import { join } from 'node:path';
import { inject } from 'vitest';

/** The bundle of a service, or of a program of the worker-wrapper, which starts in a third of the time. */
export function program(of: string, name = 'main'): string {
  return join(inject('programs'), of, 'dist', `${name}.js`);
}
