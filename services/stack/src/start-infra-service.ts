import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InfraServiceConfig } from '@codegen/infra-service';
import type { RunningService } from '@codegen/sdk/consumer';
import type { Logger } from '@codegen/sdk/queue';
import { SupervisedProcess } from './supervised-process.js';

const READY_MS = 30_000;
/** Deploys that are under way, requests in flight and releases end first. */
const STOP_MS = 30_000;

type OfTheService = 'redisUrl' | 'api' | 'releasesDir' | 'reposDir' | 'host' | 'healthTimeoutMs';

export interface InfraServiceSettings extends Pick<InfraServiceConfig, OfTheService> {
  readonly instance: string;
  /** Of its process: what `env:` references name, and what npm needs. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logLevel: string;
  /** Where its log goes. */
  readonly logFile: string;
  readonly runFolder: string;
  readonly logger: Logger;
}

/**
 * Runs infra-service as a process of its own: whatever releases send to its forwarders reaches nothing else. It is
 * started again whenever it ends, and dies with this process. Resolves after the first try, also where that failed.
 */
export async function startInfraService(settings: InfraServiceSettings): Promise<RunningService> {
  const { logger } = settings;
  const log = await open(settings.logFile, 'a', 0o600);
  const main = join(dirname(createRequire(import.meta.url).resolve('@codegen/infra-service')), 'main.js');
  const infraService = new SupervisedProcess({
    argv: [process.execPath, main],
    options: {
      stdio: ['pipe', 'ignore', log.fd, 'ipc'],
      detached: true,
      env: { ...settings.environment, ...HANDED_OVER },
    },
    // At once, so that no second one finds it at work under the same name.
    deathSignal: 'SIGKILL',
    pidFile: join(settings.runFolder, 'infra-service.pid'),
    ready: (child) => handOver(child, environmentOf(settings)),
    readyMs: READY_MS,
    onEnd: (how, nextTryMs) => {
      logger.error({ how, next_try_ms: nextTryMs }, 'infra-service ended; it is started again');
      const when = nextTryMs < 1000 ? 'now' : `in ${Math.round(nextTryMs / 1000)} s`;
      process.stderr.write(`infra-service ended (${how}): sites do not answer. It is started again ${when}.\n`);
    },
  });
  await infraService.firstTry.catch(() => undefined);
  return {
    stop: async () => {
      await infraService.stop(STOP_MS);
      await log.close();
    },
  };
}

const HANDED_OVER = { ENVIRONMENT_FROM: 'stdin' };

/** What its main.ts reads. Not for the environment of its process: releases run as the same user and could read that. */
function environmentOf(settings: InfraServiceSettings): Record<string, string> {
  return {
    REDIS_URL: settings.redisUrl,
    API_URL: settings.api.url,
    API_TOKEN: settings.api.token,
    RELEASES_DIR: settings.releasesDir,
    REPOS_DIR: settings.reposDir,
    HOST: settings.host,
    INSTANCE: settings.instance,
    LOG_LEVEL: settings.logLevel,
    ...(settings.healthTimeoutMs && { HEALTH_TIMEOUT_MS: String(settings.healthTimeoutMs) }),
  };
}

async function handOver(child: ChildProcess, environment: Record<string, string>): Promise<void> {
  const ready = once(child, 'message');
  // One that ended before it read this is told of by its end.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify(environment));
  await ready;
}
