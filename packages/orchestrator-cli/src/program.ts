import { basename } from 'node:path';
import { paste } from '@codegen/sdk/errors';

const NAME = 'orchestrator';

/** How this program was called: bin/orchestrator of a checkout tells it by the name of its process. */
const calledAs = basename(process.argv0) === NAME ? paste`${process.argv0}` : NAME;

/** A command line of this program as it can be pasted where this one was typed. */
export function asCalled(command: string, program = calledAs): string {
  return command.replace(/^((?:[A-Z_]+=\S+ )*)orchestrator(?= |$)/, (_, variables: string) => variables + program);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const HINT = /((?:Next|More|Help):(?:\u001b\[[\d;]*m)*\s+)orchestrator(?= |$)/gm;

/** The same of the hints within a text for people. */
export function hintsAsCalled(text: string, program = calledAs): string {
  return program === NAME ? text : text.replace(HINT, (_, before: string) => before + program);
}
