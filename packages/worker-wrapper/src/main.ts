#!/usr/bin/env node
import { createLogger, endOnUncaught, givenEnvironment, startTelemetry } from '@codegen/sdk/service';
import { readConfig } from './config.js';
import { startWrapper } from './start-wrapper.js';

async function configured() {
  try {
    const env = await givenEnvironment();
    const config = readConfig(env);
    const logger = createLogger('worker-wrapper', env).child({ worker_id: config.workerId });
    const flush = await startTelemetry(env, { service: 'worker-wrapper', instance: config.workerId }, logger);
    return { config, logger, flush };
  } catch (error) {
    process.stderr.write(`worker-wrapper: ${error instanceof Error ? error.message : error}\n`);
    process.exit(2);
  }
}

// Not runService: a second signal must not force the exit, since the kernel and worker-manager both signal the end.
const parent = process.ppid;
const { config, logger, flush } = await configured();
endOnUncaught((error) => logger.fatal(error, 'worker stops: uncaught error'));
const wrapper = await startWrapper(config, logger);
let ending = false;

/** Kills the agent's process tree; worker-manager answers the running turn. */
async function end(why: string, exitCode = 0): Promise<void> {
  if (ending) return;
  ending = true;
  logger.info({ why }, 'worker stops');
  await wrapper.stop();
  await flush();
  process.exit(exitCode);
}

process.on('SIGTERM', () => void end('SIGTERM'));
process.on('SIGINT', () => void end('SIGINT'));
// For systems whose kernel does not signal the death of a parent.
setInterval(() => process.ppid !== parent && void end('the parent died'), 1000).unref();
wrapper.done.catch((error: unknown) => {
  logger.error({ error: String(error) }, 'worker failed');
  void end('a part of it failed', 1);
});
