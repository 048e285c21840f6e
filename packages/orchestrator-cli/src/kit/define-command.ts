import type { ErrorCode } from '@codegen/sdk/errors';
import type { z } from 'zod';
import type { CommandId, Effect } from '../command-table.js';
import type { Context } from './context.js';
import type { Field } from './field.js';
import type { GlobalInput } from './global-input.js';
import type { Screen } from './screen.js';

/** What the fields of a command say beside their type, with `.meta()`, as the last call on a field. */
interface FieldMeta
  extends Partial<
    Pick<
      Field,
      | 'positional'
      | 'value'
      | 'valueOptional'
      | 'mayBeEmpty'
      | 'hidden'
      | 'separator'
      | 'excludes'
      | 'needs'
      | 'fieldNames'
    >
  > {
  /** What an MCP client is told of it, where that is not what help says; `false` where it makes no sense there. */
  tool?: string | false | undefined;
  /** An MCP call cannot do without it: the command line has settings and questions, a call has neither. */
  neededByTools?: true;
}

declare module 'zod' {
  interface GlobalMeta extends FieldMeta {}
}

// biome-ignore lint/suspicious/noExplicitAny: any zod type
type Shape = Record<string, z.ZodType<any>>;

/** What `run` gets: the command's own fields and those of every command. */
type InputOf<S extends Shape> = z.output<z.ZodObject<S>> & GlobalInput;

/** All that there is to a command. Parsing, help, completion, docs/cli.md and the MCP tool come from here. */
export interface CommandDefinition<S extends Shape, Data> {
  id: CommandId;
  /** What it does, in a few words, without a full stop. */
  summary: string;
  /** What running it does to the system: nothing, a change, or taking something away that does not come back. */
  effect: Effect;
  /** The API takes it from administrators alone. */
  forAdmins?: true;
  /** Why it is no MCP tool; all others are. */
  notInMcp?: string;
  /** What help says besides. */
  description?: string;
  /** Arguments and flags: a function, since most commands start without zod. */
  input?: () => z.ZodObject<S>;
  examples: readonly string[];
  /** Error codes, beside those of every command, for the exit codes in help. */
  failsWith?: readonly ErrorCode[];
  /** One operation. @throws OrchestratorError */
  run(input: InputOf<S>, context: Context<InputOf<S>>): Promise<Data>;
  /** The data for people, without a final line break. */
  render(data: Data, screen: Screen, context: Context<InputOf<S>>): string;
}

/** A command of any input. */
export type Command = CommandDefinition<Shape, unknown>;

/** What of a command runs. */
export type Runnable = Pick<Command, 'run' | 'render'>;

/** A command of what it takes and gives, as the rest of the program sees it. */
// biome-ignore lint/complexity/noBannedTypes: a command without fields
export function defineCommand<Data, S extends Shape = {}>(definition: CommandDefinition<S, Data>): Command {
  return definition as unknown as Command;
}
