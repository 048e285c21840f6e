import * as Args from '@oclif/core/args';
import { BaseCommand } from '../../base-command.js';
import { readSchema, schemaNames } from '../../operations/published-contracts.js';
import { unknownModelError } from '../../operations/unknown-model.js';
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
    const names = await schemaNames();
    if (model === undefined) throw inputRequired([{ name: 'MODEL', question: 'Model:', choices: names }]);
    if (!names.includes(model)) throw unknownModelError('NOT_FOUND', model, names);
    return await readSchema(model);
  }

  render(schema: object): string {
    return JSON.stringify(schema, null, 2);
  }
}
