import { type CommandId, commandName, commandsUnder, entryOf } from '../command-table.js';
import type { TypedLine } from '../input/typed-line.js';
import type { ArgumentHelp, FlagHelp } from '../kit/help.js';
import { describeCommand } from '../kit/help.js';
import { readRequest } from '../kit/request.js';
import type { Runtime } from '../kit/runtime.js';
import { oneLine } from '../kit/text.js';
import { listTopics } from '../kit/topics.js';
import { readUse, type Use } from '../operations/usable.js';
import { findValues, type KnownItem } from './find-values.js';

/** What may come where Tab was pressed: words, or what the shell finds itself. */
export type Candidates = KnownItem[] | 'file' | 'folder';

/** What may come at the end of a command line, of what ALLOWED_COMMANDS and the key allow. */
export async function complete(typed: TypedLine, runtime: Runtime): Promise<Candidates> {
  const { words, current } = typed;
  const line = words.slice(1);
  const use = await readUse(line, runtime);
  const { may } = use;
  const { command, words: named, argv } = readRequest(line, {});
  const topic = command ?? named.join('.');
  const isPlace = command === undefined ? named.at(-1) === line.at(-1) || named.length === 0 : argv.length === 0;
  const children = isPlace ? wordsUnder(topic, may) : [];
  if (command !== undefined && !may(command)) return fitting(children, typed);

  const { flags: all, arguments: args } = await describeCommand(command ?? 'completion');
  const flags = command === undefined ? all.filter(({ global }) => global) : all;
  const { pending, given, isPlain } = walk(argv, flags);
  const kind = async (value: ArgumentHelp | FlagHelp, before = ''): Promise<Candidates> => {
    const found = await valuesOf(value, use, runtime);
    if (typeof found === 'string') return found;
    // What begins as a flag would be read as one.
    const usable = found.filter((item) => isPlain || before !== '' || !item.value.startsWith('-'));
    return fitting(
      usable.map((item) => ({ ...item, value: before + item.value })),
      typed,
    );
  };
  if (pending) return await kind(pending);
  const [before, name] = (!isPlain && /^(--[^=]+)=/.exec(current)) || [];
  if (before !== undefined) {
    const flag = flags.find((one) => one.name === name && one.value !== undefined);
    return flag ? await kind(flag, before) : [];
  }
  if (!isPlain && current.startsWith('-')) {
    const help = { value: '--help', description: 'Tell what a command does and takes' };
    return fitting([...flags.map(({ name, description }) => ({ value: name, description })), help], typed);
  }
  const arg = command === undefined ? undefined : args[given];
  const values = arg ? await kind(arg) : [];
  return typeof values === 'string' ? values : [...fitting(children, typed), ...values];
}

/** Reads the words behind a command's name: the flag whose value comes next, and how many arguments there are. */
function walk(argv: readonly string[], flags: readonly FlagHelp[]) {
  let pending: FlagHelp | undefined;
  let given = 0;
  let isPlain = false;
  for (const word of argv) {
    if (pending) pending = undefined;
    else if (isPlain || !word.startsWith('-') || word === '-') given += 1;
    else if (word === '--') isPlain = true;
    else pending = flags.find((flag) => takesNext(flag) && flag.name === word);
  }
  return { pending, given, isPlain };
}

/** The value of a flag that may stand alone follows an equals sign. */
function takesNext({ value }: FlagHelp): boolean {
  return value !== undefined && !value.startsWith('[');
}

/** The words that may follow those of a topic; an empty topic is the beginning of the line. */
function wordsUnder(topic: string, may: (id: CommandId) => boolean): KnownItem[] {
  if (topic === '') {
    const topics = listTopics(may).map((one) => ({ value: one.topic, description: one.summary }));
    return [...topics, { value: 'help', description: 'Tell of a topic or a command' }];
  }
  const depth = topic.split('.').length;
  const ids = commandsUnder(topic).filter((id) => id !== topic && may(id));
  const paths = [
    ...new Set(
      ids.map((id) =>
        id
          .split('.')
          .slice(0, depth + 1)
          .join('.'),
      ),
    ),
  ];
  return paths.map((path) => {
    const own = ids.find((id) => id === path);
    const description = own
      ? entryOf(own).summary
      : ids
          .filter((id) => id.startsWith(path))
          .map(commandName)
          .join(', ');
    return { value: path.split('.').at(-1) as string, description };
  });
}

async function valuesOf(taker: ArgumentHelp | FlagHelp, use: Use, runtime: Runtime): Promise<Candidates> {
  const { name, choices, value = name } = taker as ArgumentHelp & { value?: string };
  if (choices) return choices.map((choice) => ({ value: choice, description: '' }));
  if (value.toUpperCase() === 'FILE') return 'file';
  if (value.toUpperCase() === 'DIR') return 'folder';
  return await findValues(name.replace(/^--/, '').toLowerCase(), use, runtime);
}

/** Those that begin as what is typed, and are one line of plain text; within quotes, only what means nothing there. */
function fitting(items: readonly KnownItem[], { current, quote }: TypedLine): KnownItem[] {
  return items
    .filter(({ value }) => value.startsWith(current) && value === oneLine(value) && !(quote && /["'`$\\!]/.test(value)))
    .map(({ value, description }) => ({ value, description: oneLine(description) }));
}
