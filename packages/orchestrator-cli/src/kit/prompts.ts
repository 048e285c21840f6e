import { createInterface } from 'node:readline/promises';
import { OrchestratorError } from '@codegen/sdk/errors';
import { oneLine } from './text.js';

/** A value that a command cannot do without. */
export interface RequiredInput {
  /** As the user would give it: `--project`, `NAME`. */
  name: string;
  /** The question, for a person. */
  question: string;
  choices?: readonly string[];
}

/** The error for input that is not there and may not be asked for: all of it is needed, of a list within it any one. */
export function inputRequired(inputs: readonly (RequiredInput | readonly RequiredInput[])[]): OrchestratorError {
  const groups = inputs.map((input) => [input].flat());
  const told = groups.map((group) => group.map(({ name }) => name).join(' or '));
  const missing = groups.flat().map(({ name }) => name);
  const choices = groups.flat().flatMap((input) => input.choices ?? []);
  // With a list within, a comma keeps "A, and B or C" from being read as "A and B, or C".
  const and = told.length < missing.length ? ', and ' : ' and ';
  const last = told.pop();
  const text = told.length === 0 ? `${last} is needed` : `${told.join(', ')}${and}${last} are needed`;
  return new OrchestratorError('INPUT_REQUIRED', text, {
    details: { missing },
    ...(choices.length > 0 && { choices }),
  });
}

/** The inputs, by the names that the user gives them, that have no value. */
export function absent(values: Readonly<Record<string, string | undefined>>): RequiredInput[] {
  return Object.keys(values).flatMap((name) => (values[name] === undefined ? [{ name, question: '' }] : []));
}

/** Choices that are listed at once. */
const LISTED = 20;

/** Has one of the choices picked: by number, by name, or by a part of the name, which narrows the list. */
export async function choose(question: string, choices: readonly string[], signal: AbortSignal): Promise<string> {
  return await inDialogue(signal, async (answerTo) => {
    let fitting = choices;
    let note = '';
    for (;;) {
      const listed = fitting.slice(0, LISTED);
      const lines = listed.map((choice, at) => `  ${at + 1}  ${oneLine(choice)}\n`);
      const more = fitting.length - listed.length;
      if (more > 0) lines.push(`  … and ${more} more: type a part of the name\n`);
      const answer = await answerTo(`${lines.join('')}${note}${question}`);
      const picked = choices.find((choice) => choice === answer) ?? listed[Number(answer) - 1];
      if (picked !== undefined) return picked;
      const found = choices.filter((choice) => choice.includes(answer));
      if (found.length === 1) return found[0] as string;
      note = found.length === 0 ? `  nothing there has ${oneLine(answer)} in its name\n` : '';
      fitting = found.length > 0 ? found : choices;
    }
  });
}

/** Asks for one line on the terminal. */
export async function ask({ question }: RequiredInput, signal: AbortSignal): Promise<string> {
  return await inDialogue(signal, (answerTo) => answerTo(question));
}

/** One terminal for all questions of a dialogue: what is typed before a question is its answer. */
async function inDialogue<T>(
  signal: AbortSignal,
  dialogue: (answerTo: (question: string) => Promise<string>) => Promise<T>,
) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await dialogue(async (question) => (await prompt.question(`${question} `, { signal })).trim());
  } catch (error) {
    signal.throwIfAborted();
    // readline takes Ctrl-C for itself while it asks.
    throw new OrchestratorError('INTERRUPTED', 'interrupted', { cause: error });
  } finally {
    prompt.close();
  }
}

/**
 * Makes sure that what cannot be undone, or hits others, is wanted: by `--yes`, or by a yes on the terminal.
 * @throws OrchestratorError INPUT_REQUIRED where nobody can be asked, INTERRUPTED for any other answer
 */
export async function confirm(
  question: string,
  {
    yes,
    mayAsk,
    command,
    signal,
    because = 'it cannot be undone',
  }: { yes: boolean | undefined; mayAsk: boolean; command: string; signal: AbortSignal; because?: string },
): Promise<void> {
  if (yes) return;
  const next = [{ command: `${command} --yes`, when: `if that is what you want: ${because}` }];
  if (!mayAsk) {
    const message = `${because}, so --yes is needed`;
    throw new OrchestratorError('INPUT_REQUIRED', message, { details: { missing: ['--yes'] }, next });
  }
  const answer = await ask({ name: '--yes', question: `${oneLine(question)} [y/N]` }, signal);
  if (/^y(es)?$/i.test(answer)) return;
  throw new OrchestratorError('INTERRUPTED', 'not confirmed: nothing was changed', { next });
}

/** Asks for a secret without showing it. */
export async function askHidden(question: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(`${question} `);
  stdin.setEncoding('utf8');
  stdin.setRawMode(true);
  try {
    return await new Promise<string>((resolve, reject) => {
      let answer = '';
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      stdin.on('end', () => resolve(answer));
      stdin.on('data', (chunk: string) => {
        for (const key of chunk) {
          if (key === '\r' || key === '\n' || key === '\u0004') return resolve(answer);
          // In raw mode Ctrl-C is a key like any other.
          if (key === '\u0003') return reject(new OrchestratorError('INTERRUPTED', 'interrupted'));
          answer = key === '\u007f' || key === '\b' ? answer.slice(0, -1) : answer + key;
        }
      });
      // An earlier question has paused it.
      stdin.resume();
    });
  } finally {
    stdin.removeAllListeners('data');
    stdin.pause();
    stdin.setRawMode(false);
    stderr.write('\n');
  }
}
