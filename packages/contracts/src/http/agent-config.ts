import { z } from 'zod';
import { agentName } from '../queues/worker-commands.js';

/** An agent as an operator has set it up, by a name that projects and messages can use. */
export const agentConfig = z
  .object({
    name: z.string().describe('What messages call it'),
    agent: agentName,
    model: z.string().nullable().describe("The model that the agent uses; null: the agent's own choice"),
    instructions: z.string().nullable().describe('What the agent is told once and for all'),
  })
  .describe('An agent as an operator has set it up, by a name that messages can use.');
