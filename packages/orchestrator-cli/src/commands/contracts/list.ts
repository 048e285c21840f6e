import { BaseCommand } from '../../base-command.js';
import { type ContractList, listContracts } from '../../operations/list-contracts.js';
import { renderContracts } from '../../render/contracts.js';
import type { Screen } from '../../render/screen.js';

/** Lists the streams and the models of the wire contracts. */
export default class ContractsList extends BaseCommand<ContractList> {
  static override description =
    'Every Redis stream with its message model, who writes it and who reads it, and the models without a stream. ' +
    'Works offline, without any configuration.';
  static override examples = [
    'orchestrator contracts list',
    "orchestrator contracts list --json | jq -r '.data.queues[].stream'",
  ];

  async run(): Promise<ContractList> {
    await this.parse(ContractsList);
    return listContracts();
  }

  render(contracts: ContractList, screen: Screen): string {
    return renderContracts(contracts, screen);
  }
}
