import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningService } from '@codegen/sdk/consumer';
import type { Logger } from '@codegen/sdk/queue';
import { type InfraServiceSettings, infraServiceEnvironment } from './service-environments.js';
import { FRUGAL_NODE, SupervisedProcess } from './supervised-process.js';

const READY_MS = 30_000;
/** Deploys that are under way, requests in flight and releases end first. */
const STOP_MS = 30_000;

export interface InfraServiceProcess {
  /** Of its process: what `env:` references name, and what npm needs. */
  readonly environment: NodeJS.ProcessEnv;
  /** Where its log goes. */
  readonly logFile: string;
  readonly runFolder: string;
  readonly logger: Logger;
}

/** Infra-service, loaded, or begun as well. */
export interface LaunchedInfraService {
  /** Has it do its work. Resolves after the first try, also where that failed: it is tried again. */
  begin(settings: InfraServiceSettings): Promise<RunningService>;
  stop(): Promise<void>;
}

/**
 * Runs infra-service as a process of its own: whatever releases send to its forwarders reaches nothing else. It is
 * started again whenever it ends, and dies with this process. It loads while the rest of the stack starts.
 */
export async function launchInfraService(options: InfraServiceProcess): Promise<LaunchedInfraService> {
  const { logger, environment, logFile, runFolder } = options;
  let begin: (settings: InfraServiceSettings) => void = () => undefined;
  const settings = new Promise<InfraServiceSettings>((resolve) => {
    begin = resolve;
  });
  const log = await open(logFile, 'a', 0o600);
  const main = join(dirname(createRequire(import.meta.url).resolve('@codegen/infra-service')), 'main.js');
  const infraService = new SupervisedProcess({
    argv: [...FRUGAL_NODE, main],
    options: { stdio: ['pipe', 'ignore', log.fd, 'ipc'], detached: true, env: { ...environment, ...HANDED_OVER } },
    // At once, so that no second one finds it at work under the same name.
    deathSignal: 'SIGKILL',
    pidFile: join(runFolder, 'infra-service.pid'),
    ready: async (child) => handOver(child, await settings),
    onEnd: (how, nextTryMs) => {
      logger.error({ how, next_try_ms: nextTryMs }, 'infra-service ended; it is started again');
      const when = nextTryMs < 1000 ? 'now' : `in ${Math.round(nextTryMs / 1000)} s`;
      process.stderr.write(`infra-service ended (${how}): sites do not answer. It is started again ${when}.\n`);
    },
    onTold: (what) => {
      logger.warn({}, `infra-service ${what}`);
      process.stderr.write(`infra-service ${what}.\n`);
    },
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= infraService.stop(STOP_MS).then(() => log.close());
    return stopped;
  };
  return {
    begin: async (given) => {
      begin(given);
      await infraService.firstTry.catch(() => undefined);
      return { stop };
    },
    stop,
  };
}

const HANDED_OVER = { ENVIRONMENT_FROM: 'stdin' };

async function handOver(child: ChildProcess, settings: InfraServiceSettings): Promise<void> {
  const ready = once(child, 'message');
  // One that ended before it read this is told of by its end.
  child.stdin?.on('error', () => undefined);
  // Not in the environment of its process: releases run as the same user and could read that.
  child.stdin?.end(JSON.stringify(infraServiceEnvironment(settings)));
  const late = sleep(READY_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it was not up within ${READY_MS / 1000} s`);
  });
  late.catch(() => undefined);
  await Promise.race([ready, late]);
}
