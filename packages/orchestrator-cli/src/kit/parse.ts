import { OrchestratorError } from '@codegen/sdk/errors';
import { parse } from '@oclif/core/parser';
import { type Field, flagOf, NO_LIMIT, spellingOf } from './field.js';
import { nearest } from './nearest.js';
import { inputRequired } from './prompts.js';
import { nameOfFlag } from './request.js';

/**
 * The input that a command line stands for: an argument before the flag of the same name. oclif takes the line apart; what
 * a value may be is checked here, since the sentences of oclif quote values, which may be secrets in the wrong place.
 * @throws OrchestratorError USAGE, INPUT_REQUIRED, VALIDATION_FAILED; never with a value
 */
export async function parseInput(argv: readonly string[], fields: readonly Field[]): Promise<Record<string, unknown>> {
  const flags = fields.filter(({ positional }) => positional !== true);
  const parsed = await parse(spellOutOptionalValues(argv, flags), {
    flags: Object.fromEntries(flags.map((field) => [flagOf(field.name).slice(2), oclifFlag(field)])),
    args: Object.fromEntries(fields.filter(({ positional }) => positional).map(({ name }) => [name, oclifArg(name)])),
  } as Parameters<typeof parse>[1]).catch((error: unknown) => {
    throw translated(error, flags);
  });
  const words: Record<string, unknown> = parsed.flags;
  for (const { flag } of parsed.raw.filter((token) => token.type === 'flag' && token.input === '') as {
    flag: string;
  }[]) {
    if (flags.find(({ name }) => flagOf(name) === `--${flag}`)?.mayBeEmpty) continue;
    throw emptyFlag(`--${flag}`);
  }
  const args = parsed.args as Record<string, unknown>;
  return Object.fromEntries(
    fields.flatMap((field) => {
      const given = args[field.name] ?? words[flagOf(field.name).slice(2)];
      const spelling = args[field.name] === undefined ? flagOf(field.name) : spellingOf(field);
      return given === undefined ? [] : [[field.name, typedValue(field, given, spelling)]];
    }),
  );
}

function emptyFlag(flag: string): OrchestratorError {
  return new OrchestratorError('USAGE', `${flag} is given, but empty: give it a value or leave it out`);
}

/**
 * The input with what it leaves out, where the command has a default.
 * @throws OrchestratorError INPUT_REQUIRED, USAGE for fields that do not go together, VALIDATION_FAILED for an unknown name
 */
export function completeInput(
  given: Readonly<Record<string, unknown>>,
  fields: readonly Field[],
): Record<string, unknown> {
  const has = (name: string) => given[name] !== undefined && given[name] !== false;
  for (const { name, positional, mayBeEmpty, excludes = [], needs = [], fieldNames } of fields) {
    if (!has(name)) continue;
    const other = excludes.find(has);
    if (other !== undefined)
      throw new OrchestratorError('USAGE', `${flagOf(name)} and ${flagOf(other)} exclude each other`);
    const missing = needs.find((need) => !has(need));
    if (missing !== undefined) throw new OrchestratorError('USAGE', `${flagOf(name)} needs ${flagOf(missing)}`);
    if (fieldNames) checkFieldNames(String(given[name]), fieldNames);
    else if (given[name] === '' && !positional && !mayBeEmpty) throw emptyFlag(flagOf(name));
  }
  const missing = fields.filter(({ name, required }) => required && given[name] === undefined);
  if (missing.length > 0) throw inputRequired(missing.map((field) => ({ name: spellingOf(field), question: '' })));
  const presets = fields.flatMap(({ name, preset }) => (preset === undefined ? [] : [[name, preset] as const]));
  return { ...Object.fromEntries(presets), ...given };
}

/** The names of `--fields a,b`; undefined where all are wanted. */
export function splitNames(text: string | undefined): string[] | undefined {
  return text
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The chosen fields of an item, or all of it. */
export function pickFields<T extends object>(item: T, names: readonly string[] | undefined): Partial<T> {
  if (!names) return item;
  return Object.fromEntries(names.map((name) => [name, (item as Record<string, unknown>)[name] ?? null])) as Partial<T>;
}

function checkFieldNames(text: string, known: readonly string[]): void {
  const names = splitNames(text) as string[];
  const unknown = names.filter((name) => !known.includes(name));
  if (names.length > 0 && unknown.length === 0) return;
  const what = unknown.length > 0 ? `unknown: ${unknown.join(', ')}` : 'none given';
  throw new OrchestratorError('VALIDATION_FAILED', `--fields takes names of fields (${what})`, { choices: [...known] });
}

function typedValue(field: Field, given: unknown, spelling: string): unknown {
  if (field.multiple) return [given].flat().map((one) => checked(field, String(one), spelling));
  return field.kind === 'boolean' ? true : checked(field, String(given), spelling);
}

function checked({ kind, choices, min, max }: Field, text: string, spelling: string): string | number {
  if (choices && !choices.includes(text)) throw noneOf(choices, text, spelling);
  if (kind !== 'integer') return text;
  const number = /^-?\d+$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  const within =
    number < (min ?? -Infinity) ? ` of ${min} or more` : number > (max ?? Infinity) ? ` of ${max} or less` : '';
  if (!Number.isNaN(number) && within === '') return number;
  throw new OrchestratorError('USAGE', `${spelling} takes a whole number${within}`);
}

function noneOf(all: readonly string[], text: string, spelling: string): OrchestratorError {
  const [close] = nearest(text, all, 1);
  const meant = close === undefined ? '' : `; did you mean ${close}?`;
  // Best first, for whoever takes the first one.
  const choices = close === undefined ? [...all] : [close, ...all.filter((choice) => choice !== close)];
  return new OrchestratorError('USAGE', `${spelling} must be one of: ${all.join(', ')}${meant}`, { choices });
}

/** What oclif throws of a command line, told by shape: its classes are not exported. */
interface ParserError extends Error {
  oclif?: unknown;
  flags?: string[];
  args?: unknown[];
}

function translated(error: unknown, fields: readonly Field[]): unknown {
  const { oclif, flags, args, message } = error as ParserError;
  if (oclif === undefined) return error;
  if (flags) return unknownFlags(flags.map(nameOfFlag), fields);
  if (args) {
    return new OrchestratorError('USAGE', 'there are more arguments than this command takes; quote text with spaces');
  }
  // All that is left are a flag without its value, and one that is given twice: these sentences hold no value.
  return new OrchestratorError('USAGE', message.split('\n', 1)[0] as string);
}

function unknownFlags(names: readonly string[], fields: readonly Field[]): OrchestratorError {
  const known = fields.map(({ name }) => flagOf(name).slice(2));
  const close = names.flatMap((name) => nearest(name.replace(/^-+/, ''), known, 1)).map((name) => `--${name}`);
  const choices = [...new Set(close)];
  const message = `unknown flag ${names.join(', ')}`;
  return new OrchestratorError('USAGE', message, choices.length > 0 ? { choices } : {});
}

const asIs = async (value: unknown) => value;

function oclifFlag({ name, kind, multiple, separator }: Field): object {
  const flag = { name: flagOf(name).slice(2), parse: asIs, input: [] };
  if (kind === 'boolean') return { ...flag, type: 'boolean' };
  return { ...flag, type: 'option', multiple: multiple ?? false, multipleNonGreedy: true, delimiter: separator };
}

function oclifArg(name: string): object {
  return { name, parse: asIs, input: [], ignoreStdin: true };
}

/**
 * Gives flags with an optional value (`--wait`, `--wait=15m`, `--wait 15m`) the one form that the parser knows.
 * What follows another flag as its value is left alone.
 */
function spellOutOptionalValues(argv: readonly string[], flags: readonly Field[]): string[] {
  const spelled: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const token = argv[at] as string;
    if (token === '--') return [...spelled, ...argv.slice(at)];
    const field = flags.find(({ name }) => flagOf(name) === token);
    const next = argv[at + 1];
    if (field?.valueOptional) {
      const given = next !== undefined && /^\d+(ms|s|m|h)?$/.test(next);
      spelled.push(`${token}=${given ? next : NO_LIMIT}`);
      if (given) at += 1;
    } else {
      spelled.push(token);
      if (field && field.kind !== 'boolean' && next !== undefined) {
        spelled.push(next);
        at += 1;
      }
    }
  }
  return spelled;
}
