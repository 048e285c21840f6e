import type { AgentAdapter } from './agent.js';
import { customAgent } from './custom.js';

/** The adapter for an agent's name. @throws {Error} if this worker has none */
export function chooseAgent({ name, command }: { name: string; command: readonly string[] }): AgentAdapter {
  if (name !== 'custom') {
    throw new Error(`the agent ${name} is not supported: use "custom" with a command of the agents file`);
  }
  if (command.length === 0) throw new Error('AGENT_COMMAND is empty: set it to the command of the custom agent');
  return customAgent(command);
}
