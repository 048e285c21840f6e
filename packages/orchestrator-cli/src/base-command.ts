import { Orchestrator } from '@codegen/sdk';
import { type ErrorCode, OrchestratorError } from '@codegen/sdk/errors';
import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import * as Flags from '@oclif/core/flags';
import type * as Interfaces from '@oclif/core/interfaces';
import { readSettings, type SettingFlags, type Settings } from './config/settings.js';
import { ciIdempotencyKey } from './idempotency.js';
import type { Screen } from './render/screen.js';
import { mayPrompt, type Runtime } from './runtime.js';

/** Flags that every command takes. */
const globalFlags = {
  json: Flags.boolean({ description: 'Print one JSON document (also ORCHESTRATOR_JSON=1)', helpGroup: 'GLOBAL' }),
  profile: Flags.string({ description: 'Profile to use (ORCHESTRATOR_PROFILE)', helpGroup: 'GLOBAL' }),
  'api-url': Flags.string({ description: 'Address of the API (ORCHESTRATOR_API_URL)', helpGroup: 'GLOBAL' }),
  'no-input': Flags.boolean({ description: 'Never ask (ORCHESTRATOR_NO_INPUT)', helpGroup: 'GLOBAL' }),
  quiet: Flags.boolean({ description: 'No progress and no hints on standard error', helpGroup: 'GLOBAL' }),
  verbose: Flags.boolean({ description: 'Tell of every call (ORCHESTRATOR_DEBUG)', helpGroup: 'GLOBAL' }),
};

/** What the global flags come to. */
export interface GlobalFlags extends SettingFlags {
  'no-input'?: boolean;
  quiet?: boolean;
  verbose?: boolean;
}

/**
 * A command: parse, one operation, return the data. `main` prints it: as JSON, or as `render` shows it to people.
 * Errors are thrown; `main` maps them to the envelope and the exit code.
 */
export abstract class BaseCommand<T = unknown> extends Command {
  static override readonly baseFlags = globalFlags;
  /** Flags whose value may be left out. */
  static readonly optionalValues: readonly string[] = [];
  /** Flags for which an empty value means something. */
  static readonly mayBeEmpty: readonly string[] = [];
  /** Error codes, beside those of every command, for the table of exit codes in the help. */
  static readonly failsWith: readonly ErrorCode[] = [];
  /** Why no call of the client can be made. */
  private missing: OrchestratorError | undefined;

  constructor(
    argv: string[],
    config: Config,
    protected readonly runtime: Runtime,
  ) {
    super(argv, config);
  }

  /** As oclif parses; a flag that was given an empty value, such as `--project="$UNSET"`, is not the same as no flag. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    const parsed = await super.parse<F, B, A>(options, argv);
    const { mayBeEmpty } = this.ctor as unknown as CommandClass;
    for (const token of parsed.raw) {
      if (token.type !== 'flag' || token.input !== '' || mayBeEmpty.includes(token.flag)) continue;
      throw new OrchestratorError('USAGE', `--${token.flag} is given, but empty: give it a value or leave it out`);
    }
    return parsed;
  }

  abstract override run(): Promise<T>;

  /** The data for people, without a final line break. */
  abstract render(data: T, screen: Screen): string;

  protected async settings(flags: GlobalFlags): Promise<Settings> {
    const { runtime } = this;
    runtime.system = { profile: flags.profile, 'api-url': flags['api-url'] };
    const settings = await readSettings(flags, runtime.env, runtime.cwd, runtime.warnings);
    runtime.system.key = settings.key;
    runtime.system.tokenInVariable = settings.sources.token?.kind === 'environment';
    if (settings.adminProfile !== undefined) runtime.system.admin = settings.adminProfile;
    this.runtime.redactor.add(settings.token);
    this.runtime.redactor.add(settings.redisUrl);
    return settings;
  }

  /**
   * The client for the settings. Where URL or token is missing its first call says so, with NOT_CONFIGURED: whatever can
   * be told of flags, files and names without the API is told before that.
   */
  protected async client(flags: GlobalFlags): Promise<{ client: Orchestrator; settings: Settings }> {
    const settings = await this.settings(flags);
    const { apiUrl = NO_ADDRESS, token, redisUrl } = settings;
    const retry = { attempts: 3 };
    this.missing = missingOf(settings);
    const { missing } = this;
    const calls = missing ? { fetch: () => Promise.reject(missing) } : { onCall: this.runtime.onCall };
    return { client: new Orchestrator({ apiUrl, token, redisUrl, retry, ...calls }), settings };
  }

  /**
   * The key of a mutation: the one given, or CI's, or a new one. The envelope names it, so that the call can be repeated.
   * Without `input` CI has none: what is the same however often it is done must not be answered with an old answer.
   */
  protected idempotencyKey(flag: string | undefined, input?: unknown): string {
    const ci = input === undefined ? undefined : ciIdempotencyKey(this.ctor.id, input, this.runtime.env);
    const key = flag ?? ci ?? crypto.randomUUID();
    this.runtime.meta.idempotency_key = key;
    return key;
  }

  /** Whether a key would be CI's own, which has to name what the call is about as it is now. */
  protected derivesKey(flag: string | undefined): boolean {
    return flag === undefined && ciIdempotencyKey(this.ctor.id, {}, this.runtime.env) !== undefined;
  }

  /** For calls through Redis, which tell by this that an earlier one with the same key had done it. */
  protected readonly onReplay = (): void => {
    this.runtime.meta.replayed = true;
  };

  protected get signal(): AbortSignal {
    return this.runtime.signal;
  }

  protected mayPrompt(flags: GlobalFlags): boolean {
    // What cannot be done anyway is not worth a question.
    return this.missing === undefined && mayPrompt(this.runtime, flags['no-input']);
  }
}

/** Stands where a client needs an address that nobody has given; nothing is sent to it. */
export const NO_ADDRESS = 'http://not-configured.invalid';

function missingOf({ apiUrl, token }: Settings): OrchestratorError | undefined {
  const known = apiUrl !== undefined && token !== undefined;
  if (known) return undefined;
  const what =
    apiUrl === undefined
      ? 'no API address is known: log in, or set ORCHESTRATOR_API_URL'
      : `no token is known for ${apiUrl}: log in, or set ORCHESTRATOR_TOKEN`;
  return new OrchestratorError('NOT_CONFIGURED', what);
}

/** A command's class, as the table loads it. */
export interface CommandClass {
  new (argv: string[], config: Config, runtime: Runtime): BaseCommand;
  /** The canonical id that the table has it under. */
  id: string;
  args: typeof Command.args;
  flags: typeof Command.flags;
  baseFlags: typeof Command.baseFlags;
  description: string | undefined;
  examples: typeof Command.examples;
  optionalValues: readonly string[];
  mayBeEmpty: readonly string[];
  failsWith: readonly ErrorCode[];
}
