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
/** Running deploys, requests in flight and releases end first. */
const STOP_MS = 30_000;

export interface InfraServiceProcess {
  /** Environment of its process: variables for `env:` references, and for npm. */
  readonly environment: NodeJS.ProcessEnv;
  /** Path of its log. */
  readonly logFile: string;
  readonly runFolder: string;
  readonly logger: Logger;
}

/** Infra-service, loaded and perhaps running. */
export interface LaunchedInfraService {
  /** Starts its work. Resolves after the first try, also if that failed: it is retried. */
  begin(settings: InfraServiceSettings): Promise<RunningService>;
  stop(): Promise<void>;
}

/**
 * Runs infra-service as a process of its own, so that a request to a release can crash nothing else. It restarts whenever it
 * ends, and dies with this process. It loads while the rest of the stack starts.
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
    // SIGKILL, so that it never runs beside its successor of the same name.
    deathSignal: 'SIGKILL',
    pidFile: join(runFolder, 'infra-service.pid'),
    ready: async (child) => handOver(child, await settings),
    onEnd: (how, nextTryMs) => {
      logger.error({ how, next_try_ms: nextTryMs }, 'infra-service ended; it restarts');
      const when = nextTryMs < 1000 ? 'now' : `in ${Math.round(nextTryMs / 1000)} s`;
      process.stderr.write(`infra-service ended (${how}): sites do not answer. It restarts ${when}.\n`);
    },
    onNews: (what) => {
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
  // If the process ends before it reads this, its end is reported.
  child.stdin?.on('error', () => undefined);
  // Not through its environment: releases run as the same user and could read that.
  child.stdin?.end(JSON.stringify(infraServiceEnvironment(settings)));
  const late = sleep(READY_MS, undefined, { ref: false }).then(() => {
    throw new Error(`it was not up within ${READY_MS / 1000} s`);
  });
  late.catch(() => undefined);
  await Promise.race([ready, late]);
}
