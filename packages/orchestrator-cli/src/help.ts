import { type ErrorCode, errorCodes } from '@codegen/contracts/error-codes';
import type { CommandClass } from './base-command.js';
import { type CommandId, commandsUnder, commandTable, spoken } from './command-table.js';
import type { Screen } from './render/screen.js';
import { renderPairs } from './render/table.js';

interface FlagHelp {
  name: string;
  value?: string;
  description: string;
  global: boolean;
}

/** All that is to be known of a command. */
export interface CommandHelp {
  command: string;
  summary: string;
  description?: string;
  usage: string;
  arguments: { name: string; description: string }[];
  flags: FlagHelp[];
  examples: string[];
  exit_codes: { code: number; meaning: string }[];
}

interface Help {
  data: unknown;
  render(screen: Screen): string;
}

/** Help of a command; without one, the list of a topic's commands, or of all. */
export async function helpFor(id: CommandId | undefined, topic: string | undefined): Promise<Help> {
  if (!id) {
    const ids = topic === undefined ? (Object.keys(commandTable) as CommandId[]) : commandsUnder(topic);
    const commands = ids.map((one) => ({ command: spoken(one), summary: commandTable[one].summary }));
    return { data: { commands }, render: (screen) => renderList(commands, screen) };
  }
  const { default: Class } = await commandTable[id].load();
  const data = describe(id, Class as CommandClass);
  return { data, render: (screen) => renderCommand(data, screen) };
}

const OUTCOMES: readonly (readonly [number, string])[] = [
  [0, 'done'],
  [1, 'the operation failed'],
  [2, 'usage or validation'],
  [3, 'not found'],
  [4, 'not authenticated'],
  [5, 'conflict'],
  [6, 'forbidden, or not in ALLOWED_COMMANDS'],
  [8, 'still running when the wait ended'],
  [75, 'temporary, safe to repeat'],
  [130, 'interrupted (SIGINT)'],
  [143, 'ended (SIGTERM)'],
];
const ALWAYS: readonly number[] = [0, 1, 2, 6, 130, 143];

function describe(id: CommandId, Class: CommandClass): CommandHelp {
  const flags = Object.entries({ ...Class.flags, ...Class.baseFlags });
  const args = Object.entries(Class.args);
  const codes = new Set([...ALWAYS, ...Class.failsWith.map((code: ErrorCode) => errorCodes[code].exitCode)]);
  const usage = ['orchestrator', spoken(id), ...args.map(([name]) => `[${name.toUpperCase()}]`), '[FLAGS]'];
  return {
    command: spoken(id),
    summary: commandTable[id].summary,
    ...(Class.description !== undefined && { description: Class.description }),
    usage: usage.join(' '),
    arguments: args.map(([name, arg]) => ({ name: name.toUpperCase(), description: arg.description ?? '' })),
    flags: flags.map(([name, flag]) => flagHelp(name, flag as FlagShape, Class.optionalValues.includes(name))),
    examples: Class.examples.map((example) => (typeof example === 'string' ? example : '')),
    exit_codes: OUTCOMES.filter(([code]) => codes.has(code)).map(([code, meaning]) => ({ code, meaning })),
  };
}

interface FlagShape {
  type: string;
  description?: string;
  helpValue?: string;
  helpGroup?: string;
  options?: readonly string[];
}

function flagHelp(name: string, flag: FlagShape, optional: boolean): FlagHelp {
  const options = flag.options?.join('|') ?? '';
  // A long list of values would push the descriptions off the screen.
  const listed = options !== '' && options.length <= 20;
  const value = listed ? options : (flag.helpValue ?? name.split('-').at(-1)?.toUpperCase() ?? 'VALUE');
  const choices = options === '' || listed ? '' : `: ${flag.options?.join(', ')}`;
  return {
    name: `--${name}`,
    ...(flag.type === 'option' && { value: optional ? `[=${value}]` : value }),
    description: `${flag.description ?? ''}${choices}`,
    global: flag.helpGroup === 'GLOBAL',
  };
}

function renderCommand(help: CommandHelp, screen: Screen): string {
  const { paint } = screen;
  const title = (text: string) => `\n\n${paint.bold(text)}\n`;
  const pairs = (rows: readonly (readonly [string, string])[]) => wrapPairs(rows, screen);
  const flagRows = (global: boolean) =>
    help.flags.filter((flag) => flag.global === global).map((flag) => [spellFlag(flag), flag.description] as const);
  const own = flagRows(false);
  let text = `${help.summary}.\n\n  ${paint.bold('$')} ${help.usage}`;
  if (help.description) text += `\n\n${wrap(help.description, screen, '')}`;
  if (help.arguments.length > 0) {
    text += title('Arguments') + pairs(help.arguments.map(({ name, description }) => [name, description] as const));
  }
  if (own.length > 0) text += title('Flags') + pairs(own);
  text += title('Global flags') + pairs(flagRows(true));
  text += title('Examples') + help.examples.map((example) => `  ${paint.dim('$')} ${example}`).join('\n');
  text += title('Exit codes') + pairs(help.exit_codes.map(({ code, meaning }) => [String(code), meaning] as const));
  return text;
}

function spellFlag({ name, value }: FlagHelp): string {
  if (value === undefined) return name;
  return value.startsWith('[') ? name + value : `${name} ${value}`;
}

function renderList(commands: readonly { command: string; summary: string }[], screen: Screen): string {
  const { paint } = screen;
  const list = renderPairs(
    commands.map(({ command, summary }) => [command, summary] as const),
    {
      ...screen,
      paint,
    },
  );
  const intro = 'Say what you want; some minutes later it runs at a URL.';
  const usage = `  ${paint.bold('$')} orchestrator COMMAND [FLAGS]`;
  const hint = `${paint.bold('Next:')} orchestrator COMMAND --help`;
  return `${intro}\n\n${usage}\n\n${paint.bold('Commands')}\n${list}\n\n${hint}`;
}

/** Pairs whose right side wraps under itself. */
function wrapPairs(rows: readonly (readonly [string, string])[], screen: Screen): string {
  const width = Math.min(26, Math.max(...rows.map(([left]) => left.length)));
  const indent = ' '.repeat(width + 4);
  return rows
    .map(([left, right]) => {
      const body = wrap(right, screen, indent);
      const head = left.length > width ? `  ${left}\n${indent}` : `  ${left.padEnd(width)}  `;
      return head + body;
    })
    .join('\n');
}

function wrap(text: string, screen: Screen, indent: string): string {
  const width = Math.min(screen.columns, 100) - indent.length;
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.join(`\n${indent}`);
}
