import { pino } from 'pino';
import { readConfig } from './config.js';
import { startLanggraph } from './start-langgraph.js';

const logger = pino({ name: 'langgraph', level: process.env.LOG_LEVEL || 'info' }, pino.destination(2));

try {
  const service = await startLanggraph({ ...readConfig(process.env), logger });
  logger.info({}, 'running');
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (asked) process.exit(1);
    asked = true;
    logger.info({ signal }, 'stopping');
    service.stop().then(
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
  logger.fatal({ err: (error as Error).message }, 'langgraph did not start');
  process.exitCode = 1;
}
