import { basename } from 'node:path';
import type { NextStep } from '@codegen/sdk/errors';
import { withoutEscapes } from '@codegen/sdk/text';
import { shellWords } from './input/typed-line.js';
import { readRequest } from './kit/request.js';
import type { Runtime } from './kit/runtime.js';
import { onSystem } from './next-steps.js';
import { isAllowed, keyMay } from './permissions.js';
import { asCalled } from './program.js';

type Caller = Pick<Runtime, 'env' | 'system'>;

/** The steps that ALLOWED_COMMANDS and the key allow, as far as they are known; help where none is left. */
export function permittedSteps(steps: readonly NextStep[], caller: Caller): NextStep[] {
  const permitted = steps.filter(({ command }) => isPermitted(command, caller));
  if (permitted.length > 0) return permitted;
  return [{ command: asCalled('orchestrator --help'), when: 'to see the commands that may be used here' }];
}

/** The same data, with each step in it as one that may be taken, pasted as it stands. */
export function permittedData<T>(data: T, caller: Caller): T {
  return mapSteps(data, (one) => {
    const [step] = permittedSteps([one], caller).map((permitted) => onSystem(permitted, caller.system));
    return step && { ...step, command: asCalled(step.command) };
  });
}

/** Where data holds a step: a status, the verdict of a story, the checks of a diagnosis, and what a task waits for. */
const STEPS = [
  ...['next', 'verdict.next', 'checks.next', 'waits_for.next'],
  ...['task.waits_for.next', 'items.waits_for.next', 'running.waits_for.next'],
].map((path) => path.split('.'));

/** The same data with the steps in it changed. A field `next` anywhere else, such as in a message, may be anybody's. */
export function mapSteps<T>(data: T, change: (step: NextStep) => unknown): T {
  return STEPS.reduce((changed: unknown, path) => mapAt(changed, path, change), data) as T;
}

function mapAt(value: unknown, path: readonly string[], change: (step: NextStep) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => mapAt(one, path, change));
  const [key = '', ...rest] = path;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  const held = (value as Record<string, unknown>)[key];
  if (rest.length > 0) return { ...value, [key]: mapAt(held, rest, change) };
  return isStep(held) ? { ...value, [key]: change(held) } : value;
}

/**
 * A text for people without the hint at its end, where that names a command that is not permitted, or hints are not wanted.
 * A line that is part of the data is no hint of ours.
 */
export function withoutHint(text: string, data: unknown, caller: Caller & { quiet: boolean }): string {
  const at = text.lastIndexOf('Next:');
  const hint = text.slice(at);
  const plain = withoutEscapes(hint);
  const [, line = ''] = /^Next:(.*)(?:\nHelp:.*)?$/.exec(plain) ?? [];
  const isWanted = !caller.quiet && isPermitted(line, caller);
  if (at < 0 || isWanted || !isOurs(line)) return text;
  if (JSON.stringify(data ?? null).includes(JSON.stringify(plain).slice(1, -1))) return text;
  const lineAt = text.lastIndexOf('\n', at) + 1;
  if (withoutEscapes(text.slice(lineAt, at)) === '') return text.slice(0, lineAt).trimEnd();
  // Within a sentence of one colour, which ends after it.
  return text.slice(0, at).trimEnd() + hint.slice(plain.length);
}

function isOurs(line: string): boolean {
  return basename(shellWords(line)[0] ?? '') === 'orchestrator';
}

/** Whether ALLOWED_COMMANDS and the key, as far as it is known, allow a command line. */
export function isPermitted(line: string, { env, system }: Caller): boolean {
  if (!isOurs(line)) return true;
  const { command, help, argv } = readRequest(shellWords(line).slice(1), {});
  if (command === undefined || help) return true;
  const named = argv.indexOf('--profile');
  // Another profile has a key of its own.
  const hasOurKey = named < 0 || argv[named + 1] === system.profile;
  return isAllowed(command, env) && keyMay(command, hasOurKey ? system.key : undefined);
}

function isStep(value: unknown): value is NextStep {
  const { command, when } = (value ?? {}) as Partial<NextStep>;
  return typeof command === 'string' && typeof when === 'string';
}
