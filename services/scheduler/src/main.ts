import { pino } from 'pino';
import { readConfig } from './config.js';
import { startScheduler } from './start-scheduler.js';

const logger = pino({ name: 'scheduler', level: process.env.LOG_LEVEL || 'info' }, pino.destination(2));

try {
  const scheduler = await startScheduler({ ...readConfig(process.env), logger });
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1);
    asked = true;
    logger.info({ signal }, 'stopping');
    scheduler.stop().then(
      () => process.exit(0),
      (error: Error) => {
        logger.error({ err: error.message }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  logger.fatal({ err: (error as Error).message }, 'the scheduler did not start');
  process.exitCode = 1;
}
