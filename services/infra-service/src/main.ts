import { pino } from 'pino';
import { readConfig } from './config.js';
import { startInfraService } from './index.js';

const logger = pino(
  {
    name: 'infra-service',
    level: process.env.LOG_LEVEL || 'info',
    redact: [
      'token',
      '*.token',
      'password',
      '*.password',
      'redisUrl',
      '*.redisUrl',
      'authorization',
      '*.authorization',
    ],
  },
  process.stderr,
);

// starting → running → stopping → ended. A signal while starting waits for the start; a second one ends at once.
async function main(): Promise<void> {
  const stopRequested = firstSignal();
  const service = await startInfraService({ ...readConfig(process.env), logger });
  logger.info({ pid: process.pid }, 'running');
  process.send?.({ ready: true });
  await stopRequested;
  await service.stop();
  logger.info({}, 'stopped');
}

function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        seen += 1;
        if (seen > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
        resolve();
      });
    }
  });
}

main().catch((error: unknown) => {
  logger.fatal({ error: error instanceof Error ? error.message : String(error) }, 'infra-service cannot run');
  process.exit(1);
});
