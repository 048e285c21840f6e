import { baseMessage, defineQueue } from '@codegen/sdk/contracts';
import { z } from 'zod';

export const greetings = defineQueue({
  stream: 'greetings',
  kind: 'work',
  group: 'greeters',
  model: 'Greeting',
  message: baseMessage.extend({ name: z.string() }),
  producers: ['example'],
  consumers: ['example'],
  summary: 'Whom to greet.',
});
