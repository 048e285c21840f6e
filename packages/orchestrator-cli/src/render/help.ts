import type { ExitCode } from '../exit-codes.js';
import type { TopicCommands } from '../topics.js';
import type { Screen } from './screen.js';
import { widthOf } from './text.js';
import { wrapCommand, wrapPairs, wrapText } from './wrap.js';

/** A flag as its command takes it. */
export interface FlagHelp {
  name: string;
  /** The one letter that stands for it. */
  char?: string;
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

export interface CommandSummary {
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
export interface TopicHelp {
  topic: string;
  summary?: string;
  commands: CommandSummary[];
}

/** All that may be used. */
export interface OverviewHelp {
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

function flagRow({ name, char, value, choices, description }: FlagHelp): readonly [string, string] {
  const spelled = char === undefined ? name : `-${char}, ${name}`;
  // A long list of values would push the descriptions off the screen.
  const listed = choices?.join('|') ?? '';
  const short = listed !== '' && listed.length <= 20 && !value?.startsWith('[');
  const shown = short ? listed : value;
  if (shown === undefined) return [spelled, description];
  return [
    spelled + (shown.startsWith('[') ? '' : ' ') + shown,
    short ? description : withChoices(description, choices),
  ];
}

function withChoices(description: string, choices: readonly string[] | undefined): string {
  return choices ? `${description}: ${choices.join(', ')}` : description;
}

function next(command: string, screen: Screen): string {
  const line = `${screen.paint.bold('Next:')} ${command}`;
  return widthOf(line) <= screen.columns ? line : `${screen.paint.bold('Next:')}\n    ${wrapCommand(command, screen)}`;
}
