import { defineCommand } from '../../kit/define-command.js';
import { readAsyncapi } from '../../operations/published-contracts.js';

export default defineCommand({
  id: 'contracts.asyncapi',
  summary: 'Print the AsyncAPI document of all streams',
  effect: 'read',
  description:
    'AsyncAPI 3 description of every Redis stream and its messages, as a plain document; with --json in the envelope. ' +
    'Works offline, without any configuration.',
  examples: [
    'orchestrator contracts asyncapi > asyncapi.json',
    "orchestrator contracts asyncapi | jq -r '.channels | keys[]'",
  ],

  async run(): Promise<object> {
    return await readAsyncapi();
  },

  render(document: object): string {
    return JSON.stringify(document, null, 2);
  },
});
