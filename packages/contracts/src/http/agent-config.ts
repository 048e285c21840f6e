import { z } from 'zod';
import { agentName } from '../queues/worker-commands.js';

/** An agent that an operator has configured, by the name that projects and messages use. */
export const agentConfig = z
  .object({
    name: z.string().describe('The name that messages use'),
    agent: agentName,
    model: z.string().nullable().describe("The model that the agent uses; null: the agent's default"),
    instructions: z.string().nullable().describe('Standing instructions for the agent'),
  })
  .describe('An agent that an operator has configured.');
