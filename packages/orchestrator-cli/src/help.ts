import { type CommandId, commandName, commandsUnder, commandTable } from './command-table.js';
import { exitCodesOf } from './exit-codes.js';
import { loadCommand } from './load-command.js';
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
  const Class = await loadCommand(id);
  const flags = Object.entries({ ...Class.flags, ...Class.baseFlags }) as [string, FlagShape][];
  const args = Object.entries(Class.args) as [string, ArgumentShape][];
  const usage = ['orchestrator', commandName(id), ...args.map(([name]) => `[${name.toUpperCase()}]`), '[FLAGS]'];
  return {
    command: commandName(id),
    summary: commandTable[id].summary,
    ...(Class.description !== undefined && { description: Class.description }),
    effect: commandTable[id].effect,
    usage: usage.join(' '),
    arguments: args.map(([name, arg]) => argumentHelp(name, arg)),
    flags: flags
      .filter(([, flag]) => !flag.hidden)
      .map(([name, flag]) => flagHelp(name, flag, Class.optionalValues.includes(name))),
    examples: (Class.examples ?? []).map((example) => (typeof example === 'string' ? example : example.command)),
    exit_codes: exitCodesOf(Class.failsWith),
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

interface ArgumentShape {
  description?: string;
  options?: readonly string[];
}

interface FlagShape extends ArgumentShape {
  type: string;
  char?: string;
  hidden?: boolean;
  helpValue?: string;
  helpGroup?: string;
}

function argumentHelp(name: string, { description = '', options }: ArgumentShape): ArgumentHelp {
  return { name: name.toUpperCase(), ...(options && { choices: [...options] }), description };
}

function flagHelp(name: string, flag: FlagShape, optional: boolean): FlagHelp {
  const { char, options, description = '' } = flag;
  const value = flag.helpValue ?? name.split('-').at(-1)?.toUpperCase() ?? 'VALUE';
  return {
    name: `--${name}`,
    ...(char && { char }),
    ...(flag.type === 'option' && { value: optional ? `[=${value}]` : value }),
    ...(options && { choices: [...options] }),
    description,
    global: flag.helpGroup === 'GLOBAL',
  };
}
