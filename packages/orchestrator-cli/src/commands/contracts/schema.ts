import { z } from 'zod';
import { defineCommand } from '../../kit/define-command.js';
import { inputRequired } from '../../kit/prompts.js';
import { readSchema, schemaNames } from '../../operations/published-contracts.js';
import { unknownModelError } from '../../operations/unknown-model.js';

export default defineCommand({
  id: 'contracts.schema',
  summary: 'Print the JSON Schema of a model',
  effect: 'read',
  description:
    'JSON Schema (draft 2020-12) of a message model or of a body of the REST API, as a plain document for a file or a ' +
    'validator; with --json in the envelope. Works offline, without any configuration.',
  input: () =>
    z.object({
      model: z.string().optional().meta({
        positional: true,
        description: 'Name of the model, see contracts list',
        neededByTools: true,
      }),
    }),
  examples: [
    'orchestrator contracts schema EngineeringMessage',
    'orchestrator contracts schema DeployResult > deploy-result.schema.json',
  ],
  failsWith: ['NOT_FOUND'],

  async run(input): Promise<object> {
    const { model } = input;
    const names = await schemaNames();
    if (model === undefined) throw inputRequired([{ name: 'MODEL', question: 'Model:', choices: names }]);
    if (!names.includes(model)) throw unknownModelError('NOT_FOUND', model, names);
    return await readSchema(model);
  },

  render(schema: object): string {
    return JSON.stringify(schema, null, 2);
  },
});
