import { type CommandId, commandName, commandsUnder, commandTable } from './command-table.js';
import { exitCodesOf } from './exit-codes.js';
import { commandFields, globalFields } from './generated/command-fields.js';
import { loadCommand } from './generated/load-command.js';
import { type Field, flagOf, valueName } from './kit/field.js';
import {
  type ArgumentHelp,
  type CommandHelp,
  type CommandSummary,
  type FlagHelp,
  type HelpData,
  type OverviewHelp,
  renderHelp,
  type TopicHelp,
} from './render/help.js';
import type { Screen } from './render/screen.js';
import { listTopics, summaryOf } from './topics.js';

/** Whether a command may be used; one that may not be is left out, where it is not asked for by name. */
export type May = (id: CommandId) => boolean;

interface Help {
  data: HelpData;
  render(screen: Screen): string;
}

/** Help of a command; without one, of a topic (`project`, `queue.dlq`), or of all. */
export async function helpFor(
  id: CommandId | undefined,
  topic: string | undefined,
  may: May = () => true,
): Promise<Help> {
  const data = id ? await describeCommand(id) : topic === undefined ? describeAll(may) : describeTopic(topic, may);
  return { data, render: (screen) => renderHelp(data, screen) };
}

/** A command by its id, with its code loaded. */
export async function describeCommand(id: CommandId): Promise<CommandHelp> {
  const { summary, description, effect, examples, failsWith = [] } = await loadCommand(id);
  const fields = commandFields[id];
  const args = fields.filter(({ positional }) => positional !== undefined);
  const flags = fields.filter(({ positional, hidden }) => positional !== true && !hidden);
  const usage = ['orchestrator', commandName(id), ...args.map(({ name }) => `[${name.toUpperCase()}]`), '[FLAGS]'];
  return {
    command: commandName(id),
    summary,
    ...(description !== undefined && { description }),
    effect,
    usage: usage.join(' '),
    arguments: args.map(argumentHelp),
    flags: [...flags.map((field) => flagHelp(field, false)), ...globalFields.map((field) => flagHelp(field, true))],
    examples: [...examples],
    exit_codes: exitCodesOf(failsWith),
    commands: summaries(commandsUnder(id).filter((other) => other !== id)),
  };
}

function describeTopic(topic: string, may: May): TopicHelp {
  const summary = summaryOf(topic);
  const all = commandsUnder(topic);
  const usable = all.filter(may);
  return {
    topic: commandName(topic),
    ...(summary && { summary }),
    commands: summaries(usable.length > 0 ? usable : all),
  };
}

function describeAll(may: May): OverviewHelp {
  const all = Object.keys(commandTable) as CommandId[];
  const usable = all.filter(may);
  return { commands: summaries(usable), topics: listTopics(may), hidden: all.length - usable.length };
}

function summaries(ids: readonly CommandId[]): CommandSummary[] {
  return ids.map((id) => ({ command: commandName(id), summary: commandTable[id].summary }));
}

function argumentHelp({ name, choices, positional, description }: Field): ArgumentHelp {
  return {
    name: name.toUpperCase(),
    ...(choices && { choices: [...choices] }),
    description: positional === true ? description : (positional ?? ''),
  };
}

function flagHelp(field: Field, global: boolean): FlagHelp {
  const { kind, choices, description, valueOptional } = field;
  const value = valueName(field);
  return {
    name: flagOf(field.name),
    ...(kind !== 'boolean' && { value: valueOptional ? `[=${value}]` : value }),
    ...(choices && { choices: [...choices] }),
    description,
    global,
  };
}
