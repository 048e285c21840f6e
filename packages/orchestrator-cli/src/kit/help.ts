import { type CommandId, commandName, commandsUnder, commandTable } from '../command-table.js';
import { commandFields, globalFields } from '../generated/command-fields.js';
import { loadCommand } from '../generated/load-command.js';
import type { ExitCode } from './exit-codes.js';
import { exitCodesOf } from './exit-codes.js';
import { type Field, flagOf, valueName } from './field.js';
import type { Screen } from './screen.js';
import { widthOf } from './text.js';
import type { TopicCommands } from './topics.js';
import { listTopics, summaryOf } from './topics.js';
import { wrapCommand, wrapPairs, wrapText } from './wrap.js';

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

/** A flag as its command takes it. */
export interface FlagHelp {
  name: string;
  /** What its value is called; in `[=…]` where the flag may stand without one. */
  value?: string;
  /** The values it takes, where they are few and known. */
  choices?: string[];
  description: string;
  global: boolean;
}

/** An argument as its command takes it. */
export interface ArgumentHelp {
  name: string;
  choices?: string[];
  description: string;
}

interface CommandSummary {
  command: string;
  summary: string;
}

/** All that is to be known of a command. */
export interface CommandHelp {
  command: string;
  summary: string;
  description?: string;
  effect: string;
  usage: string;
  arguments: ArgumentHelp[];
  flags: FlagHelp[];
  examples: string[];
  exit_codes: ExitCode[];
  /** Commands whose name begins with this one's. */
  commands: CommandSummary[];
}

/** A topic, or a part of one. */
interface TopicHelp {
  topic: string;
  summary?: string;
  commands: CommandSummary[];
}

/** All that may be used. */
interface OverviewHelp {
  commands: CommandSummary[];
  topics: TopicCommands[];
  /** How many there are that ALLOWED_COMMANDS or the key do not allow. */
  hidden: number;
}

/** Plain data, which JSON holds without loss; `renderHelp` shows it. */
export type HelpData = CommandHelp | TopicHelp | OverviewHelp;

/** Help for people, fitted to the screen. */
export function renderHelp(help: HelpData, screen: Screen): string {
  if ('usage' in help) return renderCommand(help, screen);
  return 'topics' in help ? renderOverview(help, screen) : renderTopic(help, screen);
}

function renderOverview({ topics, hidden }: OverviewHelp, screen: Screen): string {
  const { paint } = screen;
  const groups = [...new Set(topics.map(({ group }) => group))];
  const width = Math.max(...topics.map(({ topic }) => topic.length));
  const blocks = groups.map((group) => {
    const rows = topics.filter((one) => one.group === group);
    const pairs = rows.map(({ topic, verbs, summary }) => [topic, verbs.join(', ') || summary] as const);
    return `${paint.bold(group)}\n${wrapPairs(pairs, screen, width)}`;
  });
  const intro = wrapText('Say what you want; some minutes later it runs at a URL.', screen);
  const usage = `  ${paint.bold('$')} orchestrator TOPIC COMMAND [FLAGS]`;
  const more = `${hidden} more, which your key or ALLOWED_COMMANDS do not allow: orchestrator --help --all`;
  const note = hidden > 0 ? `${paint.dim(wrapText(more, screen))}\n\n` : '';
  return `${intro}\n\n${usage}\n\n${blocks.join('\n')}\n\n${note}${next('orchestrator TOPIC --help', screen)}`;
}

function renderTopic({ topic, summary, commands }: TopicHelp, screen: Screen): string {
  const [first] = commands;
  const intro = summary === undefined ? '' : `${wrapText(`${summary}.`, screen)}\n\n`;
  return `${intro}${renderCommands(commands, screen)}\n\n${next(`orchestrator ${first?.command ?? topic} --help`, screen)}`;
}

function renderCommands(commands: readonly CommandSummary[], screen: Screen): string {
  const rows = commands.map(({ command, summary }) => [command, summary] as const);
  return `${screen.paint.bold('Commands')}\n${wrapPairs(rows, screen)}`;
}

function renderCommand(help: CommandHelp, screen: Screen): string {
  const { paint } = screen;
  const blocks = [wrapText(`${help.summary}.`, screen), `  ${paint.bold('$')} ${wrapCommand(help.usage, screen)}`];
  const block = (title: string, rows: readonly (readonly [string, string])[]) => {
    if (rows.length > 0) blocks.push(`${paint.bold(title)}\n${wrapPairs(rows, screen)}`);
  };
  if (help.description) blocks.push(wrapText(help.description, screen));
  const flags = (global: boolean) => help.flags.filter((flag) => flag.global === global).map(flagRow);
  block('Arguments', help.arguments.map(argumentRow));
  block('Flags', flags(false));
  block('Global flags', flags(true));
  if (help.commands.length > 0) blocks.push(renderCommands(help.commands, screen));
  const examples = help.examples.map((example) => `  ${paint.dim('$')} ${wrapCommand(example, screen)}`);
  blocks.push(`${paint.bold('Examples')}\n${examples.join('\n')}`);
  block(
    'Exit codes',
    help.exit_codes.map(({ code, meaning }) => [String(code), meaning] as const),
  );
  return blocks.join('\n\n');
}

function argumentRow({ name, choices, description }: ArgumentHelp): readonly [string, string] {
  return [name, withChoices(description, choices)];
}

function flagRow({ name, value, choices, description }: FlagHelp): readonly [string, string] {
  // A long list of values would push the descriptions off the screen.
  const listed = choices?.join('|') ?? '';
  const short = listed !== '' && listed.length <= 20 && !value?.startsWith('[');
  const shown = short ? listed : value;
  if (shown === undefined) return [name, description];
  return [name + (shown.startsWith('[') ? '' : ' ') + shown, short ? description : withChoices(description, choices)];
}

function withChoices(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description}: ${choices.join(', ')}` : description;
}

function next(command: string, screen: Screen): string {
  const line = `${screen.paint.bold('Next:')} ${command}`;
  return widthOf(line) <= screen.columns ? line : `${screen.paint.bold('Next:')}\n    ${wrapCommand(command, screen)}`;
}
