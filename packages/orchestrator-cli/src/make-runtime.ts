import type { ApiCall } from '@codegen/sdk';
import { Redactor } from '@codegen/sdk/text';
import { wantsDebug } from './argv.js';
import type { Meta } from './envelope.js';
import type { Output } from './output.js';
import type { Runtime } from './runtime.js';

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
