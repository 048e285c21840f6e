import { defineCommand } from '../../kit/define-command.js';
import type { Screen } from '../../kit/screen.js';
import { type ContractList, listContracts } from '../../operations/list-contracts.js';
import { renderContracts } from '../../render/contracts.js';

export default defineCommand({
  id: 'contracts.list',
  summary: 'List the streams and message models of the wire contracts',
  effect: 'read',
  description:
    'Every Redis stream with its message model, who writes it and who reads it, and the models without a stream. ' +
    'Works offline, without any configuration.',
  examples: ['orchestrator contracts list', "orchestrator contracts list --json | jq -r '.data.queues[].stream'"],

  async run(): Promise<ContractList> {
    return listContracts();
  },

  render(contracts: ContractList, screen: Screen): string {
    return renderContracts(contracts, screen);
  },
});
