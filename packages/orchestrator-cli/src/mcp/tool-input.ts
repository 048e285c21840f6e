import { OrchestratorError } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { z } from 'zod';
import type { CommandClass } from '../base-command.js';
import type { CommandId } from '../command-table.js';
import { cut, oneLine } from '../render/text.js';
import { knownFields } from './known-fields.js';
import { toolText } from './tool-words.js';

/** A flag or argument of a command, as far as its schema goes. */
interface Shape {
  type?: string;
  /** What its value is, in the help: `FILE` for the name of a local file. */
  helpValue?: string | string[];
  description?: string | undefined;
  options?: readonly string[];
  multiple?: boolean;
  min?: number;
  max?: number;
  default?: unknown;
  parse?: unknown;
}

/** What a call's input is made of: the argument or flag behind each field. */
export interface Field {
  shape: Shape;
  /** Without dashes; undefined for an argument. */
  flag?: string;
}

/** Files and standard input are not the client's: it gives the text itself. A call does not wait, there are tools for it. */
const LEFT_OUT = new Set(['input', 'wait']);
/** Unknown inputs that an error names, and columns of each. */
const MOST_NAMED = 5;
const MOST_COLUMNS = 40;
/** Nobody can be asked here. */
const confirmation = z.boolean().optional().describe('Confirms it; needed, since it cannot be undone');
const integerParser = Flags.integer().parse as unknown;

/** A command's inputs by the name that a tool gives them: arguments first, flags with `_` for `-`. */
export function fieldsOf(Class: CommandClass): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, shape] of Object.entries(Class.args ?? {})) fields.set(name, { shape: shape as Shape });
  for (const [flag, shape] of Object.entries(Class.flags ?? {})) {
    const name = flag.replaceAll('-', '_');
    const isFile = (shape as Shape).helpValue === 'FILE';
    if (!LEFT_OUT.has(flag) && !isFile && !fields.has(name)) fields.set(name, { shape: shape as Shape, flag });
  }
  return fields;
}

/** The schema of a tool's input. */
export function inputSchemaOf(id: CommandId, Class: CommandClass): z.ZodObject {
  const known = knownFields[id] ?? {};
  const fields = fieldsOf(Class);
  const names = new Set(fields.keys());
  const entries = [...fields].map(([name, { shape }]) => {
    return [name, known[name] ?? (name === 'yes' ? confirmation : fieldSchema(shape, names))] as const;
  });
  return z.strictObject(Object.fromEntries(entries));
}

function fieldSchema(shape: Shape, names: ReadonlySet<string>): z.ZodType {
  const description = toolText(shape.description ?? '', names);
  const value = String(shape.helpValue ?? '');
  const described = /^\d|=/.test(value) && !description.includes(value) ? `${description}, as ${value}` : description;
  return (described === '' ? flagSchema(shape) : flagSchema(shape).describe(described)).optional();
}

function flagSchema(shape: Shape): z.ZodType {
  if (shape.type === 'boolean') return z.boolean();
  const value = valueSchema(shape);
  return shape.multiple ? z.array(value) : value;
}

/** Whether a flag takes a whole number. */
export function isInteger({ parse }: Shape): boolean {
  return parse === integerParser;
}

function valueSchema(shape: Shape): z.ZodType {
  const { options, min, max, default: preset } = shape;
  if (options && options.length > 0) return z.enum(options as [string, ...string[]]);
  if (!isInteger(shape)) return z.string();
  const atLeast = min === undefined ? z.int() : z.int().min(min);
  const within = max === undefined ? atLeast : atLeast.max(max);
  return typeof preset === 'number' ? within.meta({ default: preset }) : within;
}

/**
 * The command line that a tool's input stands for.
 * @throws OrchestratorError VALIDATION_FAILED where the input does not fit; values are not repeated
 */
export function argvOf(id: CommandId, Class: CommandClass, input: unknown): string[] {
  const schema = inputSchemaOf(id, Class);
  const parsed = schema.safeParse(input ?? {});
  if (!parsed.success) {
    const errors = parsed.error.issues.slice(0, 10).map((issue) => misfit(issue, schema, input));
    throw new OrchestratorError('VALIDATION_FAILED', errors.map(({ message }) => message).join('; '), {
      details: { errors },
    });
  }
  const given = parsed.data as Record<string, unknown>;
  const flags: string[] = [];
  const args: string[] = [];
  let missing: string | undefined;
  for (const [name, { flag }] of fieldsOf(Class)) {
    const value = given[name];
    if (flag !== undefined) flags.push(...flagWords(flag, value));
    else if (value === undefined) missing ??= name;
    else if (missing !== undefined)
      throw new OrchestratorError('VALIDATION_FAILED', `${missing} is needed with ${name}`);
    else args.push(...[value].flat().map(String));
  }
  return ['--no-input', ...flags, ...(args.length > 0 ? ['--', ...args] : [])];
}

function flagWords(flag: string, value: unknown): string[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [`--${flag}`];
  return [value].flat().map((one) => `--${flag}=${String(one)}`);
}

/** What is wrong with a field, in a sentence that says what is expected. */
function misfit(issue: z.core.$ZodIssue, schema: z.ZodObject, input: unknown) {
  const { code, path } = issue;
  const names = Object.keys(schema.shape);
  const [name] = path.map(String);
  const has = names.length === 0 ? 'this tool takes no input' : `the inputs are ${names.join(', ')}`;
  if (name === undefined) {
    if (code !== 'unrecognized_keys') return { path: 'input', message: has };
    const unknown = issue.keys.slice(0, MOST_NAMED).map((key) => cut(oneLine(key), MOST_COLUMNS));
    return { path: 'input', message: `there is no input ${unknown.join(', ')}: ${has}` };
  }
  const { description, ...field } = z.toJSONSchema(schema.shape[name] as z.ZodType, { io: 'input' });
  const value = (input as Record<string, unknown> | undefined)?.[name];
  const told = description === undefined ? '' : ` (${description})`;
  if (value === undefined) return { path: name, message: `${name} is needed${told}` };
  // What a pattern asks for, its own words say.
  const ownWords = typeof value === 'string' && (code === 'invalid_format' || code === 'custom');
  return { path: name, message: `${name} ${ownWords ? issue.message : `must be ${kindOf(field)}`}${told}` };
}

function kindOf(schema: z.core.JSONSchema.JSONSchema): string {
  const { type, enum: choices, minimum, maximum, minLength, maxLength, items } = schema;
  if (choices) return `one of ${choices.join(', ')}`;
  if (type === 'array') return `a list, each ${kindOf(items as z.core.JSONSchema.JSONSchema)}`;
  if (type === 'boolean') return 'true or false';
  if (type !== 'integer') return `text${rangeOf(minLength, maxLength, ' characters')}`;
  return `a whole number${rangeOf(minimum, maximum, '')}`;
}

function rangeOf(least: number | undefined, most: number | undefined, unit: string): string {
  const isBounded = most !== undefined && most < Number.MAX_SAFE_INTEGER;
  if (isBounded) return ` of ${least ?? 0} to ${most}${unit}`;
  return least !== undefined && least > Number.MIN_SAFE_INTEGER ? ` of ${least} or more${unit}` : '';
}
