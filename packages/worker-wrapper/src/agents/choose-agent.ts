import type { AgentAdapter } from './agent.js';
import { customAgent } from './custom.js';

/** The adapter for an agent's name. @throws {Error} where this worker has none */
export function chooseAgent({ name, command }: { name: string; command: readonly string[] }): AgentAdapter {
  if (name !== 'custom') {
    throw new Error(`there is no adapter for the agent ${name}: name a command of the agents file and use "custom"`);
  }
  if (command.length === 0) throw new Error('AGENT_COMMAND is empty: a custom agent needs a command');
  return customAgent(command);
}
