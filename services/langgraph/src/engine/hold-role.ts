import type { RunningService } from '@codegen/sdk/consumer';
import type { Logger } from '@codegen/sdk/queue';
import { isAway, pauseFor, sayWhatIsAway } from './backoff.js';
import type { DatabasePool } from './database/pool.js';

/**
 * Runs something on one replica at a time, by a lease on the database's clock.
 *
 * idle ─lease taken→ running ─renewal refused, or overdue→ idle. `stop` ends what runs, then gives the role away.
 */
export function holdRole(options: {
  pool: DatabasePool;
  name: string;
  holder: string;
  leaseMs: number;
  start: () => RunningService;
  logger: Logger;
}): RunningService {
  const { pool, name, holder, leaseMs, logger } = options;
  const stopping = new AbortController();
  let running: RunningService | undefined;
  let leasedMs = 0;

  const acquire = async (): Promise<boolean> => {
    const { rowCount } = await pool.query(
      `insert into langgraph.roles as r (name, holder, lease_until)
       values ($1, $2, now() + $3 * interval '1 millisecond')
       on conflict (name) do update set holder = excluded.holder, lease_until = excluded.lease_until
        where r.holder = excluded.holder or r.lease_until < now()`,
      [name, holder, leaseMs],
    );
    return rowCount === 1;
  };
  const end = async () => {
    const ending = running;
    running = undefined;
    await ending?.stop();
  };
  const round = async () => {
    const askedMs = performance.now();
    const held = await acquire().catch((error: unknown) => {
      const doing = 'a role cannot be renewed now';
      if (isAway(error)) sayWhatIsAway(logger, error, doing);
      else logger.warn({ role: name, error: String(error) }, doing);
      return undefined;
    });
    if (held) {
      leasedMs = askedMs;
      running ??= options.start();
    } else if (running && (held === false || performance.now() - leasedMs > leaseMs)) {
      if (held === false) logger.info({ role: name }, 'another replica has the role now');
      await end();
    }
  };
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await round().catch((error: unknown) =>
        logger.error({ role: name, error: String(error) }, 'a round of a role failed'),
      );
      await pauseFor(leaseMs / 4, stopping.signal);
    }
    await end().catch((error: unknown) => logger.error({ role: name, error: String(error) }, 'a role did not end'));
    await pool
      .query('delete from langgraph.roles where name = $1 and holder = $2', [name, holder])
      .catch(() => undefined);
  })();

  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
}
