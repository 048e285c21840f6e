import type { commandIds } from '@codegen/contracts/scopes';
import { table } from './generated/command-table.js';

/** What running a command does to the system: nothing, a change, or taking something away that does not come back. */
export type Effect = 'read' | 'change' | 'destroy';

/** What is known of a command before it is loaded. */
export interface TableEntry {
  summary: string;
  effect: Effect;
  /** The API takes it from administrators alone. */
  forAdmins?: true;
  /** Why it is no MCP tool; all others are. */
  notInMcp?: string;
}

/** A command's canonical id, which ALLOWED_COMMANDS and API scopes name too. */
export type CommandId = (typeof commandIds)[number];

/** Every command, in the order of the help. */
export const commandTable = table as Record<string, TableEntry> as Record<CommandId, TableEntry>;

/** What the table says of a command. */
export function entryOf(id: CommandId): TableEntry {
  return commandTable[id];
}

/** A command as it is typed: words with spaces. */
export function commandName(id: string): string {
  return id.replaceAll('.', ' ');
}

/** Ids of the commands in a topic. */
export function commandsUnder(topic: string): CommandId[] {
  return (Object.keys(commandTable) as CommandId[]).filter((id) => id === topic || id.startsWith(`${topic}.`));
}
