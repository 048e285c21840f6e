import { type CommandId, commandTable } from '../command-table.js';
import { describeCommand, type May } from '../help.js';
import type { ArgumentHelp, CommandHelp, FlagHelp } from '../render/help.js';
import { listTopics } from '../topics.js';

/** What the command line itself is asked for while somebody types, since it changes. */
export const knownValues = ['project', 'task', 'profile', 'model'] as const;
export type KnownValue = (typeof knownValues)[number];

/** What may stand where a value is wanted. */
export type Values =
  | { kind: 'any' | 'file' | 'folder' }
  | { kind: 'words'; words: readonly string[] }
  | { kind: 'known'; what: KnownValue };

export interface GrammarFlag {
  /** With its dashes. */
  name: string;
  char?: string;
  description: string;
  /** Left out where the flag takes none. */
  values?: Values;
  /** The value may be left out; where it is given, it follows `=`. */
  optional: boolean;
}

/** A place in a command line: after these words, what may come. */
export interface Place {
  /** `project create`; empty at the beginning. */
  path: string;
  words: { word: string; summary: string }[];
  flags: GrammarFlag[];
  /** By position; the last one stands for all that follow. */
  args: Values[];
}

/** All that a shell has to know of the command line. */
export interface Grammar {
  places: Place[];
  globalFlags: GrammarFlag[];
}

/** The grammar of every command that may be used, from the same data as their help. */
export async function readGrammar(may: May = () => true): Promise<Grammar> {
  const commands = await Promise.all((Object.keys(commandTable) as CommandId[]).filter(may).map(describeCommand));
  const summaries = new Map(listTopics().map(({ topic, summary }) => [topic, summary]));
  const paths = new Set(['', ...commands.flatMap(({ command }) => prefixesOf(command))]);
  const places = [...paths].map((path): Place => {
    const command = commands.find((one) => one.command === path);
    const words = [...paths]
      .filter((other) => other !== '' && parentOf(other) === path)
      .map((other) => ({ word: other.split(' ').at(-1) as string, summary: summaryOf(other, commands, summaries) }));
    return {
      path,
      words: path === '' ? [...words, { word: 'help', summary: 'Tell of a topic or a command' }] : words,
      flags: (command?.flags ?? []).filter(({ global }) => !global).map(flagOf),
      args: (command?.arguments ?? []).map(valuesOf),
    };
  });
  const globalFlags = (commands[0]?.flags ?? []).filter(({ global }) => global).map(flagOf);
  const help = { name: '--help', description: 'Tell what a command does and takes', optional: false };
  return { places, globalFlags: [...globalFlags, help] };
}

function prefixesOf(command: string): string[] {
  return command.split(' ').map((_, at, words) => words.slice(0, at + 1).join(' '));
}

function parentOf(path: string): string {
  return path.split(' ').slice(0, -1).join(' ');
}

function summaryOf(path: string, commands: readonly CommandHelp[], topics: ReadonlyMap<string, string>): string {
  const command = commands.find((one) => one.command === path);
  if (command) return command.summary;
  return topics.get(path) ?? `Commands: ${commands.filter((one) => one.command.startsWith(`${path} `)).length}`;
}

function flagOf({ name, char, value, choices, description }: FlagHelp): GrammarFlag {
  const optional = value?.startsWith('[') ?? false;
  const values =
    value === undefined ? undefined : valuesOf({ name: name.slice(2), value, ...(choices && { choices }) });
  return { name, ...(char && { char }), description, optional, ...(values && { values }) };
}

function valuesOf({ name, value, choices }: Pick<ArgumentHelp, 'name' | 'choices'> & { value?: string }): Values {
  if (choices) return { kind: 'words', words: choices };
  const known = knownValues.find((one) => one === name.toLowerCase());
  if (known) return { kind: 'known', what: known };
  const place = (value ?? name).toUpperCase();
  if (place === 'FILE') return { kind: 'file' };
  return { kind: place === 'DIR' ? 'folder' : 'any' };
}
