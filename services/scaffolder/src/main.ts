import process from 'node:process';
import { pino } from 'pino';
import { readConfig } from './config.js';
import { startScaffolder } from './start-scaffolder.js';

const logger = pino(
  { name: 'scaffolder', level: process.env.LOG_LEVEL ?? 'info', redact: ['*.token', 'token', '*.password'] },
  pino.destination(2),
);

try {
  const service = await startScaffolder({ ...readConfig(process.env), logger });
  let stopping = false;
  const stop = () => {
    if (stopping) process.exit(1);
    stopping = true;
    service.stop().then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  logger.info({ pid: process.pid }, 'the scaffolder runs');
  await service.done;
} catch (err) {
  logger.fatal({ err }, 'the scaffolder stopped');
  process.exitCode = 1;
  process.exit();
}
