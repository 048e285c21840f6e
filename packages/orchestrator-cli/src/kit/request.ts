import { type CommandId, commandTable } from '../command-table.js';
import { oneLine } from './text.js';

/** What a command line asks for, before any flag of a command is parsed. */
export interface Request {
  /** The command, if there is one by that name. */
  command?: CommandId;
  /** The words given where the command's name belongs. */
  words: string[];
  /** Flags and arguments for the command. */
  argv: string[];
  json: boolean;
  help: boolean;
  version: boolean;
  /** A flag before words that name no command, which may be its value. */
  strayFlag?: string;
}

/** Global flags with a value, which may stand before the command. */
const LEADING_WITH_VALUE = new Set(['--profile', '--api-url']);
const LEADING = new Set([...LEADING_WITH_VALUE, '--json', '--no-input', '--quiet', '--verbose', '--help', '-h']);
/** Ways to ask for the version, beside the word alone. */
const VERSION = ['--version', '-v', '-V'];
const TRUE = new Set(['1', 'true', 'yes', 'on']);

/** Finds command, mode, help and version in a command line. Nothing here can fail. */
export function readRequest(argv: readonly string[], env: NodeJS.ProcessEnv): Request {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const json = own.some((word) => word === '--json' || word.startsWith('--json=')) || isTrue(env.ORCHESTRATOR_JSON);
  const help = own.includes('--help') || own.includes('-h');
  const rest = [...argv];
  const leading: string[] = [];
  while (rest[0]?.startsWith('-') && rest[0] !== '--') {
    const flag = rest.shift() as string;
    leading.push(flag);
    if (LEADING_WITH_VALUE.has(flag) && rest.length > 0) leading.push(rest.shift() as string);
  }
  const asksHelp = rest[0] === 'help';
  if (asksHelp) rest.shift();
  const firstFlag = rest.findIndex((word) => word.startsWith('-'));
  const plain = firstFlag < 0 ? rest : rest.slice(0, firstFlag);
  const named = plain.flatMap((word, at) => (at === 0 ? word.split(':') : [word]));
  const asksVersion = named.length === 1 && named[0] === 'version';
  const words = asksVersion ? [] : named;
  const found = longestMatch(words);
  const after = words.slice(found ? found.split('.').length : 0);
  const stray = found || words.length === 0 ? undefined : leading.find(isStray);
  return {
    ...(found && { command: found }),
    ...(stray !== undefined && { strayFlag: nameOfFlag(stray) }),
    words,
    argv: [...leading, ...after, ...rest.slice(plain.length)],
    json,
    help: help || asksHelp,
    version: asksVersion || (words.length === 0 && VERSION.some((flag) => own.includes(flag))),
  };
}

/** A flag without its value, cut to what a name may have. */
export function nameOfFlag(flag: string): string {
  return oneLine(flag.split('=')[0] ?? '').slice(0, 40);
}

function isStray(flag: string, at: number, leading: readonly string[]): boolean {
  return flag.startsWith('-') && !LEADING.has(nameOfFlag(flag)) && !LEADING_WITH_VALUE.has(leading[at - 1] ?? '');
}

/** Whether a variable switches something on. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && TRUE.has(value.toLowerCase());
}

/** Whether the environment asks for details: ORCHESTRATOR_DEBUG, or DEBUG with a pattern that means this program. */
export function wantsDebug(env: NodeJS.ProcessEnv): boolean {
  const { DEBUG = '' } = env;
  return (
    isTrue(env.ORCHESTRATOR_DEBUG) || DEBUG.split(/[\s,]+/).some((name) => /^(\*|orchestrator(\*|:.*)?)$/.test(name))
  );
}

function longestMatch(words: readonly string[]): CommandId | undefined {
  for (let length = Math.min(words.length, 3); length > 0; length -= 1) {
    const id = words.slice(0, length).join('.');
    if (Object.hasOwn(commandTable, id)) return id as CommandId;
  }
  return undefined;
}
