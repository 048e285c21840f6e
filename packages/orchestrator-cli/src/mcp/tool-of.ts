import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { CommandClass } from '../base-command.js';
import { type CommandId, entryOf, spoken } from '../command-table.js';
import { knownData } from './known-fields.js';
import { inputSchemaOf } from './tool-input.js';

/** A command's name as a tool: dots are not allowed in all clients. */
export function toolName(id: CommandId): string {
  return id.replaceAll('.', '_');
}

/** A command as a client sees it. */
export function toolOf(id: CommandId, Class: CommandClass): Tool {
  const { summary, effect } = entryOf(id);
  const words = spoken(id);
  const title = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
  return {
    name: toolName(id),
    title,
    description: [summary, Class.description].filter(Boolean).join('. '),
    inputSchema: jsonSchema(inputSchemaOf(id, Class)) as Tool['inputSchema'],
    outputSchema: jsonSchema(envelopeOf(id)) as NonNullable<Tool['outputSchema']>,
    annotations: {
      title,
      readOnlyHint: effect === 'read',
      destructiveHint: effect === 'destroy',
      // What was taken away stays away, however often it is asked for.
      idempotentHint: effect !== 'change',
      // Changes set agents to work, who may reach anything.
      openWorldHint: effect === 'change',
    },
  };
}

/** What `--json` prints, of success and failure alike; `lines` is what a command that follows something printed before. */
function envelopeOf(id: CommandId): z.ZodObject {
  const data = knownData[id];
  return z.object({
    ok: z.boolean().describe('Whether it worked; then data holds what came of it, else error what went wrong'),
    schema_version: z.literal(1),
    command: z.string().describe('The command that the tool is made of'),
    data: (data ?? z.unknown()).optional().describe('What came of it'),
    error: z
      .object({ code: z.string(), message: z.string(), exit_code: z.int(), retryable: z.boolean() })
      .optional()
      .describe('What went wrong: code is stable, retryable says whether the same call may work in a moment'),
    next: z
      .array(z.object({ command: z.string(), when: z.string() }))
      .optional()
      .describe('What to do about a failure'),
    lines: z.array(z.unknown()).optional().describe('What happened meanwhile, for commands that follow something'),
    warnings: z.array(z.string()),
  });
}

function jsonSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: 'input' });
}
