import type { ApiCall } from '@codegen/sdk';
import { Redactor } from '@codegen/sdk/text';
import type { KeyPermissions } from '../permissions.js';
import type { Meta } from './envelope.js';
import type { Output } from './output.js';
import { isTrue, wantsDebug } from './request.js';

/** What one run of the command line shares with its command. */
export interface Runtime {
  env: NodeJS.ProcessEnv;
  /** Where it was started; undefined where that folder was deleted. */
  cwd: string | undefined;
  json: boolean;
  /** Set by a command whose standard output is its own lines and nothing else: no envelope either. */
  linesOnly: boolean;
  /** Aborted by SIGINT and SIGTERM, with the error to end with as its reason. */
  signal: AbortSignal;
  /** Gives the command so many milliseconds, rather than the usual half second, to end after a signal. */
  takeTimeToEnd?(ms: number): void;
  output: Output;
  redactor: Redactor;
  /** For the user, beside the data. */
  warnings: string[];
  meta: Meta;
  /** The flags by which the command line named the system to speak to; the command that comes next must name it too. */
  system: {
    profile?: string | undefined;
    'api-url'?: string | undefined;
    /** The profile of an administrator there, where one is stored. */
    admin?: string;
    /** Whether the token stands in a variable, which goes before any login. */
    tokenInVariable?: boolean;
    /** What the key may do, as far as is known. */
    key?: KeyPermissions | undefined;
  };
  /** Told of every try of an API call. */
  onCall(call: ApiCall): void;
}

/** Whether a question may be asked: a person at both ends, and nothing that forbids it. */
export function mayPrompt(runtime: Pick<Runtime, 'env' | 'json'>, noInput: boolean | undefined): boolean {
  if (runtime.json || noInput || inCi(runtime.env) || isTrue(runtime.env.ORCHESTRATOR_NO_INPUT)) return false;
  return Boolean(process.stdin.isTTY && process.stdout.isTTY);
}

/** Whether a CI system runs this: no questions, no live view. */
export function inCi(env: NodeJS.ProcessEnv): boolean {
  return env.CI !== undefined && !['', '0', 'false'].includes(env.CI.toLowerCase());
}

/** What one run is made with; `verbose` tells of every call to the API. */
export interface RunOptions {
  env: NodeJS.ProcessEnv;
  json: boolean;
  verbose: boolean;
  signal: AbortSignal;
  output: Output;
}

/** What one run of a command shares with it: ids of its own, no warnings yet, the environment's secrets known. */
export function makeRuntime({ env, json, verbose, signal, output }: RunOptions): Runtime {
  const debug = verbose || wantsDebug(env);
  const meta = makeMeta();
  const redactor = new Redactor();
  redactor.add(env.ORCHESTRATOR_TOKEN);
  redactor.add(env.ORCHESTRATOR_REDIS_URL);
  const onCall = (call: ApiCall) => {
    if (call.requestId) meta.request_id = call.requestId;
    if (call.replayed) meta.replayed = true;
    if (!debug) return;
    const outcome = call.status ?? call.error?.code ?? '';
    const line = `${call.method} ${call.path} → ${outcome} in ${Math.round(call.durationMs)} ms, try ${call.attempt}`;
    void output.err(`${redactor.clean(line)}\n`);
  };
  return {
    env,
    cwd: currentFolder(),
    json,
    linesOnly: false,
    signal,
    output,
    redactor,
    warnings: [],
    meta,
    system: {},
    onCall,
  };
}

function currentFolder(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

/** Ids that are made when they are looked at: random numbers take long to load, and text for people names none. */
function makeMeta(): Runtime['meta'] {
  const ids: Partial<Meta> = {};
  return {
    get request_id() {
      ids.request_id ??= crypto.randomUUID();
      return ids.request_id;
    },
    set request_id(id) {
      ids.request_id = id;
    },
    get correlation_id() {
      ids.correlation_id ??= crypto.randomUUID();
      return ids.correlation_id;
    },
    set correlation_id(id) {
      ids.correlation_id = id;
    },
  };
}
