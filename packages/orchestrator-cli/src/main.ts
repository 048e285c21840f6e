import { randomUUID } from 'node:crypto';
import type { ApiCall } from '@codegen/sdk';
import { OrchestratorError } from '@codegen/sdk/errors';
import { isTrue, type Request, readRequest } from './argv.js';
import type { CommandClass } from './base-command.js';
import { spoken } from './command-table.js';
import { failure, success } from './envelope.js';
import { type Interruption, listenForSignals } from './interruption.js';
import { nextSteps } from './next-steps.js';
import { Output } from './output.js';
import { Redactor } from './redact.js';
import { type Outcome, runClass, runCommand } from './run-command.js';
import type { Runtime } from './runtime.js';
import { topicOf } from './topics.js';
import { translateError } from './translate-error.js';
import { strayFlag, unknownCommand } from './unknown-command.js';

/**
 * Runs one command line and ends the process: command → allowed? → parse → run → print → exit code.
 * Whatever happens, with --json standard output gets one document (before it, for `watch`, its lines;
 * `contracts validate --lines` prints lines alone).
 */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const request = readRequest(argv, env);
  const interruption = listenForSignals();
  const output = new Output(process.stdout, process.stderr, () => process.exit(0));
  const runtime = makeRuntime(request, env, interruption, output);
  const bug = (error: unknown) => interruption.stop(translateError(error, []));
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  // Node would end silently with nothing left to wait for, and leave no document behind.
  process.on('beforeExit', () => bug(new Error('the command ended without an answer')));

  const command = nameOf(request);
  let exitCode = 0;
  try {
    const outcome = await Promise.race([execute(request, runtime), interruption.forced]);
    await printSuccess(outcome, command, runtime);
  } catch (cause) {
    const error = translateError(cause, []);
    exitCode = error.exitCode;
    await printFailure(error, request, command, runtime);
  }
  await output.drain();
  process.exit(exitCode);
}

async function execute(request: Request, runtime: Runtime): Promise<Outcome> {
  if (request.version) {
    const { readVersion } = await import('./version.js');
    const data = await readVersion();
    return { data, render: () => `orchestrator ${data.version} (node ${data.node})` };
  }
  if (request.strayFlag !== undefined) throw strayFlag(request.strayFlag);
  const topic = topicOf(request.words);
  if (!request.command && !topic && request.words.length > 0) throw unknownCommand(request.words);
  if (request.help || (!request.command && topic)) {
    const { helpFor } = await import('./help.js');
    const { data, render } = await helpFor(request.command, topic);
    return { data, render };
  }
  if (request.command) return await runCommand(request.command, request.argv, runtime);
  const { default: Home } = await import('./commands/home.js');
  return await runClass(Home as CommandClass, request.argv, runtime);
}

function makeRuntime(request: Request, env: NodeJS.ProcessEnv, { signal }: Interruption, output: Output): Runtime {
  const debug = isTrue(env.ORCHESTRATOR_DEBUG) || request.argv.includes('--verbose');
  const meta: Runtime['meta'] = { request_id: randomUUID(), correlation_id: randomUUID() };
  const redactor = new Redactor();
  redactor.add(env.ORCHESTRATOR_TOKEN);
  redactor.addUrl(env.ORCHESTRATOR_REDIS_URL);
  const onCall = (call: ApiCall) => {
    if (call.requestId) meta.request_id = call.requestId;
    if (!debug) return;
    const outcome = call.status ?? call.error?.code ?? '';
    const line = `${call.method} ${call.path} → ${outcome} in ${Math.round(call.durationMs)} ms, try ${call.attempt}`;
    void output.err(`${redactor.clean(line)}\n`);
  };
  return {
    env,
    cwd: process.cwd(),
    json: request.json,
    linesOnly: false,
    signal,
    output,
    redactor,
    warnings: [],
    meta,
    onCall,
  };
}

/** The command as the envelope names it. Words that are no command may be anything, so they are not repeated. */
function nameOf(request: Request): string {
  if (request.command) return spoken(request.command);
  if (request.version) return 'version';
  if (request.help) return 'help';
  return topicOf(request.words) ? 'help' : 'orchestrator';
}

async function printSuccess({ data, render }: Outcome, command: string, runtime: Runtime): Promise<void> {
  const { output, warnings, meta, redactor } = runtime;
  const clean = warnings.map((warning) => redactor.clean(warning));
  if (runtime.json && !runtime.linesOnly) {
    await output.out(`${JSON.stringify(success(command, data, clean, meta))}\n`);
    return;
  }
  const { openScreen } = await import('./render/screen.js');
  const text = await render(await openScreen(process.stdout, runtime.env));
  if (text !== '') await output.out(`${text}\n`);
  await printWarnings(clean, runtime);
}

async function printFailure(
  error: OrchestratorError,
  request: Request,
  command: string,
  runtime: Runtime,
): Promise<void> {
  const { output, meta, redactor } = runtime;
  const clean = redactor.cleanAll({
    next: nextSteps(error, request.command && spoken(request.command), meta.idempotency_key),
    message: error.message,
    details: error.details,
  }) as { next: ReturnType<typeof nextSteps>; message: string; details: unknown };
  const shown = new OrchestratorError(error.code, clean.message, { ...error, details: clean.details });
  const warnings = runtime.warnings.map((warning) => redactor.clean(warning));
  if (runtime.json && !runtime.linesOnly) {
    await output.out(`${JSON.stringify(failure(command, shown, clean.next, warnings, meta))}\n`);
  } else {
    const [{ renderError }, { openScreen }] = await Promise.all([
      import('./render/error.js'),
      import('./render/screen.js'),
    ]);
    await printWarnings(warnings, runtime);
    await output.err(`${renderError(shown, clean.next, await openScreen(process.stderr, runtime.env))}\n`);
  }
  if (isTrue(runtime.env.ORCHESTRATOR_DEBUG)) {
    const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
    await output.err(`${redactor.clean(`${error.stack}${cause}`)}\n`);
  }
}

async function printWarnings(warnings: readonly string[], { output, env }: Runtime): Promise<void> {
  if (warnings.length === 0) return;
  const [{ openScreen }, { oneLine }] = await Promise.all([import('./render/screen.js'), import('./render/text.js')]);
  const { paint } = await openScreen(process.stderr, env);
  for (const warning of warnings) await output.err(`${paint.yellow('Warning:')} ${oneLine(warning)}\n`);
}
