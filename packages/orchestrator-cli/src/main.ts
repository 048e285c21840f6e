import type { OrchestratorError } from '@codegen/sdk/errors';
import { exitProcess } from '@codegen/sdk/processes';
import { cleanError, cleanWarnings } from './clean-outcome.js';
import { commandName } from './command-table.js';
import { failure, success } from './kit/envelope.js';
import { translateError, withDashHint, withNext } from './kit/errors.js';
import { listenForSignals } from './kit/interruption.js';
import { Output } from './kit/output.js';
import { printWarnings } from './kit/print-warnings.js';
import { type Request, readRequest, wantsDebug } from './kit/request.js';
import { type Outcome, runCommand, runHome } from './kit/run-command.js';
import type { Runtime } from './kit/runtime.js';
import { makeRuntime } from './kit/runtime.js';
import { manyLines } from './kit/text.js';
import { topicOf } from './kit/topics.js';
import { strayFlag, unknownCommand } from './kit/unknown-command.js';
import { permittedData, permittedSteps, withoutHint } from './permitted-steps.js';
import { hintsAsCalled } from './program.js';

/**
 * Runs one command line and ends the process: command → allowed? → parse → run → print → exit code.
 * Whatever happens, with --json standard output gets one document (before it, for `watch`, its lines;
 * `contracts validate --lines` prints lines alone).
 */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const request = readRequest(argv, env);
  const interruption = listenForSignals();
  let exitCode = 0;
  const output = new Output(process.stdout, process.stderr, request.json, (error) => {
    void endUnread(error, output, exitCode);
  });
  const verbose = request.argv.includes('--verbose');
  const runtime = makeRuntime({ env, json: request.json, verbose, signal: interruption.signal, output });
  runtime.takeTimeToEnd = interruption.takeTimeToEnd;
  const bug = (error: unknown) => interruption.stop(translateError(error));
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  // Node would end silently with nothing left to wait for, and leave no document behind.
  process.on('beforeExit', () => bug(new Error('the command ended without an answer')));

  const command = nameOf(request);
  try {
    const outcome = await Promise.race([execute(request, runtime), interruption.forced]);
    await printSuccess(outcome, command, runtime, request.argv.includes('--quiet'));
  } catch (cause) {
    const error = withDashHint(translateError(cause), argv);
    exitCode = error.exitCode;
    await printFailure(error, request, command, runtime);
  }
  await output.drain();
  exitProcess(exitCode);
}

/** Ends where standard output takes nothing any more. A reader that has read enough is no error. */
async function endUnread({ code }: NodeJS.ErrnoException, output: Output, exitCode: number): Promise<never> {
  if (code === 'EPIPE') exitProcess(exitCode);
  await output.err(`Error: standard output cannot be written (${code})\nTry: df -h\n`);
  exitProcess(exitCode || 1);
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
    const [{ helpFor }, { readUse }] = await Promise.all([import('./kit/help.js'), import('./operations/usable.js')]);
    const { may } = await readUse(request.argv, runtime);
    const { data, render } = await helpFor(request.command, topic, request.argv.includes('--all') ? () => true : may);
    return { data, render };
  }
  if (request.command) return await runCommand(request.command, request.argv, runtime);
  return await runHome(request.argv, runtime);
}

/** The command as the envelope names it. Words that are no command may be anything, so they are not repeated. */
function nameOf(request: Request): string {
  if (request.command) return commandName(request.command);
  if (request.version) return 'version';
  if (request.help) return 'help';
  return topicOf(request.words) ? 'help' : 'orchestrator';
}

async function printSuccess(
  { data, render }: Outcome,
  command: string,
  runtime: Runtime,
  quiet: boolean,
): Promise<void> {
  const { output, meta, env, system } = runtime;
  const clean = cleanWarnings(runtime);
  if (runtime.json && !runtime.linesOnly) {
    await output.out(`${JSON.stringify(success(command, permittedData(data, runtime), clean, meta))}\n`);
    return;
  }
  const { openScreen } = await import('./kit/screen.js');
  const whole = hintsAsCalled(await render(await openScreen(process.stdout, env)));
  const text = withoutHint(whole, data, { env, system, quiet });
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
  const { error: shown, next: steps } = cleanError(error, request.command, runtime, request.argv);
  const next = permittedSteps(steps, runtime);
  const told = withNext(shown, next, permittedData(shown.details, runtime));
  const warnings = cleanWarnings(runtime);
  if (runtime.json && !runtime.linesOnly) {
    await output.out(`${JSON.stringify(failure(command, told, next, warnings, meta))}\n`);
  } else {
    const [{ renderError }, { openScreen }] = await Promise.all([
      import('./render/error.js'),
      import('./kit/screen.js'),
    ]);
    await printWarnings(warnings, runtime);
    await output.err(`${renderError(shown, next, await openScreen(process.stderr, runtime.env))}\n`);
  }
  if (wantsDebug(runtime.env)) {
    const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
    await output.err(`${manyLines(redactor.clean(`${error.stack}${cause}`))}\n`);
  }
}
