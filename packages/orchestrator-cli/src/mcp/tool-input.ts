import { OrchestratorError } from '@codegen/sdk/errors';
import { z } from 'zod';
import type { Command } from '../kit/define-command.js';
import { unwrap } from '../kit/fields-of.js';
import { cut, oneLine } from '../kit/text.js';
import { toolText } from './tool-words.js';

/** Unknown inputs that an error names, and columns of each. */
const MOST_NAMED = 5;
const MOST_COLUMNS = 40;

/**
 * The schema of a tool's input: the fields of its command but for those that name local files, which are not the client's,
 * and waiting, for which there are tools.
 */
export function toolInput({ input }: Command): z.ZodObject {
  const shape = input?.().shape ?? {};
  const own = Object.entries(shape).filter(([, schema]) => {
    const { tool, value, hidden } = schema.meta() ?? {};
    return tool !== false && value !== 'FILE' && !hidden;
  });
  const names = new Set(own.map(([name]) => name));
  return z.strictObject(Object.fromEntries(own.map(([name, schema]) => [name, toolField(schema, names)])));
}

function toolField(schema: z.ZodType, names: ReadonlySet<string>): z.ZodType {
  const meta = schema.meta() ?? {};
  const { inner, required, preset } = unwrap(schema);
  const typed = preset === undefined ? inner : inner.meta({ default: preset });
  const text = meta.tool || descriptionOf(meta, names);
  const described = text === '' ? typed : typed.describe(text);
  return required || meta.neededByTools ? described : described.optional();
}

function descriptionOf({ positional, description = '', value = '' }: z.GlobalMeta, names: ReadonlySet<string>): string {
  const text = toolText(typeof positional === 'string' ? positional : description, names);
  return /^\d|=/.test(value) && !text.includes(value) ? `${text}, as ${value}` : text;
}

/**
 * What a command gets of a tool's input.
 * @throws OrchestratorError VALIDATION_FAILED where the input does not fit; values are not repeated
 */
export function checkedInput(schema: z.ZodObject, input: unknown): Record<string, unknown> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return { ...parsed.data, no_input: true };
  const errors = parsed.error.issues.slice(0, 10).map((issue) => misfit(issue, schema, input));
  throw new OrchestratorError('VALIDATION_FAILED', errors.map(({ message }) => message).join('; '), {
    details: { errors },
  });
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
