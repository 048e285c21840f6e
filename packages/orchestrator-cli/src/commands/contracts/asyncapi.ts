import { BaseCommand } from '../../base-command.js';
import { readAsyncapi } from '../../operations/published-contracts.js';

/** Prints the AsyncAPI document of all streams. */
export default class ContractsAsyncapi extends BaseCommand<object> {
  static override description =
    'AsyncAPI 3 description of every Redis stream and its messages, as a plain document; with --json in the envelope. ' +
    'Works offline, without any configuration.';
  static override examples = [
    'orchestrator contracts asyncapi > asyncapi.json',
    "orchestrator contracts asyncapi | jq -r '.channels | keys[]'",
  ];

  async run(): Promise<object> {
    await this.parse(ContractsAsyncapi);
    return await readAsyncapi();
  }

  render(document: object): string {
    return JSON.stringify(document, null, 2);
  }
}
