import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { contractNames, isContractName, unknownModelError } from '../../operations/contract-models.js';
import { readContractDocument } from '../../operations/read-contract-document.js';
import { inputRequired } from '../../prompts.js';

/** Prints the JSON Schema of a model. */
export default class ContractsSchema extends BaseCommand<object> {
  static override description =
    'JSON Schema (draft 2020-12) of a message model or of a body of the REST API, as a plain document for a file or a ' +
    'validator; with --json in the envelope. Works offline, without any configuration.';
  static override args = {
    model: Args.string({ description: 'Name of the model, see contracts list', ignoreStdin: true }),
  };
  static override examples = [
    'orchestrator contracts schema EngineeringMessage',
    'orchestrator contracts schema DeployResult > deploy-result.schema.json',
  ];
  static override failsWith = ['NOT_FOUND'] as const;

  async run(): Promise<object> {
    const { model } = (await this.parse(ContractsSchema)).args;
    if (model === undefined) throw inputRequired([{ name: 'MODEL', question: 'Model:', choices: contractNames }]);
    if (!isContractName(model)) throw unknownModelError('NOT_FOUND', model);
    return await readContractDocument(`schemas/${model}.json`);
  }

  render(schema: object): string {
    return JSON.stringify(schema, null, 2);
  }
}
