import { pino } from 'pino';
import { readConfig } from './config.js';
import { startWorkerManager } from './start-worker-manager.js';

const config = await readConfig(process.env).catch((error: unknown) => {
  process.stderr.write(`worker-manager: ${error instanceof Error ? error.message : error}\n`);
  process.exit(2);
});
const logger = pino(
  { level: config.logLevel, base: { service: 'worker-manager' } },
  pino.destination({ fd: 2, sync: true }),
);
const service = await startWorkerManager({ ...config, logger });
logger.info({ workers_dir: config.workersDir }, 'worker-manager runs');

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    // A second signal does not wait.
    if (stopping) process.exit(1);
    stopping = true;
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error: String(error) }, 'worker-manager did not stop cleanly');
        process.exit(1);
      },
    );
  });
}
