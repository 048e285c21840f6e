import { OrchestratorError } from '@codegen/sdk/errors';
import * as Flags from '@oclif/core/flags';
import { z } from 'zod';
import type { CommandClass } from '../base-command.js';
import type { CommandId } from '../command-table.js';
import { knownFields } from './known-fields.js';

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
interface Field {
  shape: Shape;
  /** Without dashes; undefined for an argument. */
  flag?: string;
}

/** Files and standard input are not the client's: it gives the text itself. A call does not wait, there are tools for it. */
const LEFT_OUT = new Set(['input', 'wait']);
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
  const entries = [...fieldsOf(Class)].map(([name, { shape }]) => [name, known[name] ?? fieldSchema(shape)] as const);
  return z.strictObject(Object.fromEntries(entries));
}

function fieldSchema(shape: Shape): z.ZodType {
  const described = shape.description === undefined ? flagSchema(shape) : flagSchema(shape).describe(shape.description);
  return described.optional();
}

function flagSchema(shape: Shape): z.ZodType {
  if (shape.type === 'boolean') return z.boolean();
  const value = valueSchema(shape);
  return shape.multiple ? z.array(value) : value;
}

function valueSchema({ options, min, max, parse, default: preset }: Shape): z.ZodType {
  if (options && options.length > 0) return z.enum(options as [string, ...string[]]);
  if (parse !== integerParser) return z.string();
  const atLeast = min === undefined ? z.int() : z.int().min(min);
  const within = max === undefined ? atLeast : atLeast.max(max);
  return typeof preset === 'number' ? within.meta({ default: preset }) : within;
}

/**
 * The command line that a tool's input stands for.
 * @throws OrchestratorError VALIDATION_FAILED where the input does not fit; values are not repeated
 */
export function argvOf(id: CommandId, Class: CommandClass, input: unknown): string[] {
  const parsed = inputSchemaOf(id, Class).safeParse(input ?? {});
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
    throw new OrchestratorError('VALIDATION_FAILED', issues.slice(0, 10).join('; '), { details: { issues } });
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
