import { Orchestrator } from '@codegen/sdk';
import type { OrchestratorError } from '@codegen/sdk/errors';
import type { CommandId } from '../command-table.js';
import { readSettings, type Settings } from '../config/settings.js';
import type { GlobalInput } from './global-input.js';
import { ciIdempotencyKey } from './idempotency.js';
import { ask, inputRequired, type RequiredInput } from './prompts.js';
import { mayPrompt, type Runtime } from './runtime.js';

/** One run of a command: what it was given, and what it needs to do its work. */
export class Context<Input extends GlobalInput & { project?: string | undefined } = GlobalInput> {
  /** Why no call of the client can be made. */
  private missing: OrchestratorError | undefined;
  /** The project that was chosen, as the person calls it. */
  project: string | undefined;

  /** @param id undefined for bare `orchestrator` */
  constructor(
    readonly id: CommandId | undefined,
    readonly input: Input,
    readonly runtime: Runtime,
  ) {}

  get signal(): AbortSignal {
    return this.runtime.signal;
  }

  async settings(): Promise<Settings> {
    const { runtime, input } = this;
    runtime.system = { profile: input.profile, 'api-url': input.api_url };
    const settings = await readSettings(input, runtime.env, runtime.cwd, runtime.warnings);
    runtime.system.key = settings.key;
    runtime.system.tokenInVariable = settings.sources.token?.kind === 'environment';
    if (settings.adminProfile !== undefined) runtime.system.admin = settings.adminProfile;
    runtime.redactor.add(settings.token);
    runtime.redactor.add(settings.redisUrl);
    return settings;
  }

  /**
   * The client for the settings. Where URL or token is missing its first call says so, with NOT_CONFIGURED: whatever can
   * be told of flags, files and names without the API is told before that.
   */
  async client(): Promise<{ client: Orchestrator; settings: Settings }> {
    const settings = await this.settings();
    const { apiUrl = NO_ADDRESS, token, redisUrl } = settings;
    const retry = { attempts: 3 };
    const known = apiUrl !== NO_ADDRESS && token !== undefined;
    const missing = known ? undefined : await notConfigured(settings, this.runtime);
    this.missing = missing;
    const calls = missing ? { fetch: () => Promise.reject(missing) } : { onCall: this.runtime.onCall };
    return { client: new Orchestrator({ apiUrl, token, redisUrl, retry, ...calls }), settings };
  }

  /**
   * The key of a mutation: the one given, or CI's, or a new one. The envelope names it, so that the call can be repeated.
   * Without `about` CI has none: what is the same however often it is done must not be answered with an old answer.
   */
  idempotencyKey(about?: unknown): string {
    const ci = about === undefined ? undefined : this.ciKey(about);
    const key = this.givenKey ?? ci ?? crypto.randomUUID();
    this.runtime.meta.idempotency_key = key;
    return key;
  }

  /** Whether a key would be CI's own, which has to name what the call is about as it is now. */
  get derivesKey(): boolean {
    return this.givenKey === undefined && this.ciKey({}) !== undefined;
  }

  private get givenKey(): string | undefined {
    return (this.input as { idempotency_key?: string }).idempotency_key;
  }

  private ciKey(about: unknown): string | undefined {
    return this.id && ciIdempotencyKey(this.id, about, this.runtime.env);
  }

  /** For calls through Redis, which tell by this that an earlier one with the same key had done it. */
  readonly onReplay = (): void => {
    this.runtime.meta.replayed = true;
  };

  get mayPrompt(): boolean {
    // What cannot be done anyway is not worth a question.
    return this.missing === undefined && mayPrompt(this.runtime, this.input.no_input);
  }

  /** Asks for what a command cannot do without. @throws OrchestratorError INPUT_REQUIRED where nobody can be asked */
  async ask(input: RequiredInput): Promise<string> {
    if (!this.mayPrompt) throw inputRequired([input]);
    return await ask(input, this.signal);
  }

  /** What a question needs. */
  get asking(): { mayAsk: boolean; signal: AbortSignal; env: NodeJS.ProcessEnv } {
    return { mayAsk: this.mayPrompt, signal: this.signal, env: this.runtime.env };
  }
}

/** Stands where a client needs an address that nobody has given; nothing is sent to it. */
export const NO_ADDRESS = 'http://not-configured.invalid';

/** Loads what it needs where it is needed: no other command waits for that. */
async function notConfigured(settings: Settings, runtime: Runtime): Promise<OrchestratorError> {
  const { notConfigured: make } = await import('../operations/read-status.js');
  return make(settings, runtime);
}
