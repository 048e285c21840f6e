import { type CommandId, commandName, commandTable, entryOf } from '../command-table.js';

/** In brackets, what a tool has no part of. */
const ASIDE = / \([^()]*(?:[A-Z]_[A-Z]|JSON|\.json)[^()]*\)/g;
/** What is true of a command line alone: other flags, signals, exit codes, variables, who can be asked. */
const OF_THE_SHELL =
  /--\w|\bCtrl-C\b|\b[Ee]xits?\b|\bterminal\b|\bstandard input\b|\bin CI\b|\bbe asked\b|\bgiven again\b|[A-Z]_[A-Z]/;
const SENTENCE_END = /(?<=[.?!])\s+(?=[A-Z])/;

/** A command's name as a tool: dots are not allowed in all clients. */
export function toolName(id: CommandId): string {
  return id.replaceAll(/[.-]/g, '_');
}

/** Tools by the words that their commands are typed as; single words may be no command at all where they stand. */
const spokenTools = new Map(
  (Object.keys(commandTable) as CommandId[])
    .filter((id) => id.includes('.') && entryOf(id).notInMcp === undefined)
    .map((id) => [commandName(id), toolName(id)]),
);
const SPOKEN = new RegExp(`\\b(?:${[...spokenTools.keys()].sort((a, b) => b.length - a.length).join('|')})\\b`, 'g');

/**
 * A text of the command line in a tool's words: its inputs for flags, tools for commands, and without the parts (up to a
 * semicolon or full stop) that are true of a command line alone.
 */
export function toolText(text: string, fields: ReadonlySet<string>): string {
  const sentences = inputNames(text.replace(ASIDE, ''), fields)
    .replace(SPOKEN, (words) => spokenTools.get(words) ?? words)
    .split(SENTENCE_END);
  return sentences.map(withoutShell).filter(Boolean).join(' ');
}

/** A line to paste, up to where its sentence goes on; or a flag, with what stands for its value. */
const LINE_OR_FLAG = /\borchestrator .*?(?=[;,:.)]?(?:\s*$|\n)|[;,:.)] )|--([a-z][a-z-]*)(?: [A-Z]+(?:_[A-Z]+)*\b)?/g;

/** The same text with a tool's inputs for the flags that they come from, but for those of a line to paste. */
export function inputNames(text: string, fields: ReadonlySet<string>): string {
  return text.replace(LINE_OR_FLAG, (written, flag: string | undefined) => {
    const name = flag?.replaceAll('-', '_');
    return name !== undefined && fields.has(name) ? name : written;
  });
}

function withoutShell(sentence: string): string {
  const end = /[.?!]$/.exec(sentence)?.[0] ?? '';
  const clauses = sentence.slice(0, sentence.length - end.length).split('; ');
  const kept = clauses.filter((clause) => !OF_THE_SHELL.test(clause)).join('; ');
  if (kept === '' || sentence.startsWith(kept)) return kept && kept + end;
  return kept.slice(0, 1).toUpperCase() + kept.slice(1) + end;
}
