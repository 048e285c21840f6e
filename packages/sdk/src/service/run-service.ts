import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createLogger } from './create-logger.js';
import { type Environment, readAll, readHealth, readInstance, readLater } from './read-environment.js';
import { type ServiceParts, type ServiceSettings, type StartedService, startService } from './service-kit.js';
import { startTelemetry } from './start-telemetry.js';

/** Milliseconds that a start may take once it was asked to stop, say because a server it waits for is away. */
const START_GRACE_MS = 15_000;

/** Milliseconds that a parent may take to hand over variables: it may start others first. */
const HAND_OVER_MS = 300_000;

/** A service as a process. */
export interface ServiceProgram<Config extends object> extends ServiceParts<Config> {
  /** Throws naming the variable that is missing or wrong. */
  readonly readConfig: (env: Environment) => (Config & ServiceSettings) | Promise<Config & ServiceSettings>;
}

/**
 * Runs a service as this process: configuration, log, what it may do, start, signals. Resolves once it runs; a parent
 * process with an IPC channel is told `{ready: true}`. Where the configuration names the API and Redis, it gives signs of
 * life, does not start where its key, the scopes of that or its login to Redis are refused, and stops where they are later. Exit code 0 after SIGTERM or SIGINT, 1 after anything else. With
 * ENVIRONMENT_FROM=stdin, further variables come as a JSON object on standard input, so that no secret among them shows
 * in /proc/<pid>/environ; the service then stops when that parent goes, too.
 *
 * States: reading → starting → running → stopping → ended. A signal while starting waits for the start, as that may
 * have begun what must be ended; a second signal ends the process at once. A rejected `done` stops as a signal does. An error
 * that nobody caught ends the process at once, from any state.
 */
export async function runService<Config extends object>(parts: ServiceProgram<Config>): Promise<void> {
  const { name } = parts;
  const { config, logger, instance, health, env } = await read(parts);
  // What it starts begins where it is, and the folder that it was started in may be removed.
  process.chdir('/');
  endOnUncaught((error) => logger.fatal(error, `${name} ends: nobody caught this error`));
  const asked = firstSignal();
  const starting = new AbortController();
  void asked.then((signal) => endStuckStart(name, logger, signal, starting.signal));
  try {
    const announce = config.api !== undefined || config.redisUrl !== undefined;
    const flush = await startTelemetry(env, { service: name, instance }, logger);
    const service = await startService(parts, { ...config, logger, instance, health, announce });
    starting.abort();
    logger.info({ instance }, `${name} runs`);
    process.send?.({ ready: true });
    void stopWhenAsked(name, logger, service, asked, flush);
  } catch (error) {
    logger.fatal(described(error), `${name} did not start`);
    process.exit(1);
  }
}

async function read<Config extends object>({ name, readConfig }: ServiceProgram<Config>) {
  try {
    const env = await givenEnvironment();
    const config = await readLater((async () => readConfig(env))());
    return readAll({
      logger: () => createLogger(name, env),
      instance: () => readInstance(env, name),
      health: () => readHealth(env),
      config,
      env: () => env,
    });
  } catch (error) {
    // For the person who starts it: a line of plain text for each, at any level of the log.
    for (const one of error instanceof AggregateError ? error.errors : [error]) {
      process.stderr.write(`${name}: ${oneLine(described(one).error)}\n`);
    }
    process.exit(1);
  }
}

/**
 * What this process is told. With ENVIRONMENT_FROM=stdin, more than its environment, where other processes of its user could
 * read it.
 * @throws {Error} where what comes is no JSON object of variables
 */
export async function givenEnvironment(): Promise<Environment> {
  if (process.env.ENVIRONMENT_FROM !== 'stdin') return process.env;
  try {
    const handedOver = JSON.parse(await Promise.race([text(process.stdin), sleep(HAND_OVER_MS, '', { ref: false })]));
    return { ...process.env, ...handedOver };
  } catch {
    // Not what it is: there are secrets in it.
    throw new Error('ENVIRONMENT_FROM is stdin, but no JSON object of variables came. Send one, or leave it out.');
  }
}

function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}

/** The first signal that asks to stop; the second one ends the process. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let seen = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        seen += 1;
        if (seen > 1) process.exit(1);
        resolve(signal);
      });
    }
    // For systems whose kernel does not tell when a parent dies.
    if (process.env.ENVIRONMENT_FROM === 'stdin') process.once('disconnect', () => resolve('SIGTERM'));
  });
}

async function endStuckStart(name: string, logger: Logger, signal: string, started: AbortSignal): Promise<void> {
  if (started.aborted) return;
  logger.info({ signal }, `${name} stops when it has started; a second signal ends it at once`);
  await sleep(START_GRACE_MS, undefined, { signal: started, ref: false }).catch(() => undefined);
  if (started.aborted) return;
  logger.fatal({ signal }, `${name} neither started nor failed, and ends now`);
  process.exit(1);
}

/** Waits for a signal or for what keeps the service from going on, then stops it and ends the process. */
async function stopWhenAsked(
  name: string,
  logger: Logger,
  service: StartedService,
  asked: Promise<NodeJS.Signals>,
  flush: () => Promise<void>,
): Promise<never> {
  let exitCode = 0;
  try {
    const signal = await Promise.race([asked, service.done]);
    logger.info({ signal }, `${name} stops`);
  } catch (error) {
    exitCode = 1;
    logger.fatal(described(error), `${name} cannot go on, and stops`);
  }
  try {
    await service.stop();
    logger.info({}, `${name} stopped`);
  } catch (error) {
    exitCode = 1;
    logger.error(described(error), `${name} did not stop cleanly`);
  }
  await flush();
  process.exit(exitCode);
}

/**
 * What happens to an error that nobody caught: it is told, and the process ends at once with exit code 1. What state it
 * left behind is unknown, so nothing goes on; whoever supervises the process starts it again.
 */
export function endOnUncaught(tell: (error: { error: string; stack?: string | undefined }) => void): void {
  const end = (error: unknown) => {
    try {
      tell(described(error));
    } finally {
      process.exit(1);
    }
  };
  // A rejection that nobody caught comes here too.
  process.on('uncaughtException', end);
}

// Not the error itself: its other fields may hold what was sent, such as a password to Redis.
function described(error: unknown): { error: string; stack?: string | undefined } {
  if (!(error instanceof Error)) return { error: String(error) };
  // What is wrong there is said; where the code stood says no more.
  return error.name === 'OrchestratorError' ? { error: error.message } : { error: error.message, stack: error.stack };
}
