import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { type CommandId, commandName, entryOf } from '../command-table.js';
import type { Command } from '../kit/define-command.js';
import { toolInput } from './tool-input.js';
import { toolName, toolText } from './tool-words.js';

/**
 * A command as a client sees it, in few words: a client puts the list of all tools before every conversation. The answers
 * have one shape, which the server's instructions tell once.
 */
export function toolOf(command: Command): Tool {
  const { id, summary, description = '' } = command;
  const words = commandName(id);
  const input = toolInput(command);
  const fields = new Set(Object.keys(input.shape));
  return {
    name: toolName(id),
    title: `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`,
    description: [summary, toolText(description, fields)].filter(Boolean).join('. '),
    inputSchema: jsonSchemaOf(input),
    annotations: annotationsOf(id),
  };
}

/** What a client that knows nothing better takes for true is left out. */
function annotationsOf(id: CommandId): Tool['annotations'] {
  switch (entryOf(id).effect) {
    case 'read':
      return { readOnlyHint: true, openWorldHint: false };
    // Changes set agents to work, who may reach anything.
    case 'change':
      return { destructiveHint: false };
    // What was taken away stays away, however often it is asked for.
    case 'destroy':
      return { idempotentHint: true, openWorldHint: false };
  }
}

/** What `.meta()` says for the command line alone. */
const OF_THE_COMMAND_LINE = ['positional', 'value', 'mayBeEmpty', 'separator', 'excludes', 'needs', 'fieldNames'];

function jsonSchemaOf(inputs: z.ZodObject): Tool['inputSchema'] {
  const schema = z.toJSONSchema(inputs, {
    io: 'input',
    override: ({ jsonSchema }) => {
      for (const key of [...OF_THE_COMMAND_LINE, 'tool', 'neededByTools']) delete jsonSchema[key];
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  // Of the protocol's own dialect, as all are.
  const { $schema: _, ...input } = schema;
  return input as Tool['inputSchema'];
}
