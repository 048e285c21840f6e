import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { CommandClass } from '../base-command.js';
import { type CommandId, commandName, entryOf } from '../command-table.js';
import { fieldsOf, inputSchemaOf } from './tool-input.js';
import { toolName, toolText } from './tool-words.js';

/**
 * A command as a client sees it, in few words: a client puts the list of all tools before every conversation. The answers
 * have one shape, which the server's instructions tell once.
 */
export function toolOf(id: CommandId, Class: CommandClass): Tool {
  const { summary } = entryOf(id);
  const words = commandName(id);
  const fields = new Set(fieldsOf(Class).keys());
  return {
    name: toolName(id),
    title: `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`,
    description: [summary, toolText(Class.description ?? '', fields)].filter(Boolean).join('. '),
    inputSchema: inputOf(id, Class),
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

function inputOf(id: CommandId, Class: CommandClass): Tool['inputSchema'] {
  const schema = z.toJSONSchema(inputSchemaOf(id, Class), {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  // Of the protocol's own dialect, as all are.
  const { $schema: _, ...input } = schema;
  return input as Tool['inputSchema'];
}
