/**
 * A field of a command's input as the command line shows and parses it: an argument, a flag, or both. Made from the zod
 * object of the command when the package is built (generated/command-fields.ts), so that a command starts without zod.
 */
export interface Field {
  /** As `run` gets it and MCP tools name it: `dry_run`; the flag is `--dry-run`. */
  name: string;
  kind: 'text' | 'integer' | 'boolean';
  description: string;
  /** May be given as an argument, in the order of the fields: `true` where it is no flag, or what help says of the argument. */
  positional?: true | string;
  /** The command cannot run without it, whatever the settings are. */
  required?: true;
  /** A list: the flag may be given again. */
  multiple?: true;
  /** What separates the items of a list within one value. */
  separator?: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
  preset?: unknown;
  /** What help calls the value: `FILE`. Without it, the last word of the name. */
  value?: string;
  /** The flag may stand alone; it means NO_LIMIT then. */
  valueOptional?: true;
  /** An empty value means something. */
  mayBeEmpty?: true;
  hidden?: true;
  excludes?: readonly string[];
  needs?: readonly string[];
  /** Names that the value is a list of: the fields of what the command prints. */
  fieldNames?: readonly string[];
}

/** What `--wait` without a value means. */
export const NO_LIMIT = 'unlimited';

/** The flag of a field: `--dry-run`. */
export function flagOf(name: string): string {
  return `--${name.replaceAll('_', '-')}`;
}

/** The field as a person gives it: `--dry-run`, `NAME`. */
export function spellingOf({ name, positional }: Field): string {
  return positional === undefined ? flagOf(name) : name.toUpperCase();
}

/** What stands for the value in help: `FILE`. */
export function valueName({ name, value }: Field): string {
  return value ?? (name.split('_').at(-1) as string).toUpperCase();
}
