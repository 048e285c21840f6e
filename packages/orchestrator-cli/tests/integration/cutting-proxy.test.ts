import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fastClock, forgetClocks, hasFaketime } from '../../../../tests/support/faketime.js';
import { hasNginx, startNginx } from '../../../../tests/support/nginx.js';
import { freePort } from '../../../../tests/support/ports.js';
import { createTask } from '../support/create-task.js';
import { makeSystem } from '../support/run-cli.js';

/** How much faster time runs here: for the command lines, for what nginx allows, and for how long a poll is held. */
const TIMES = 40;
const QUIET_MS = 12 * 60_000;
/** Not the bundle: it is compiled in one go, which is seconds of such a clock, and reading its configuration has a limit. */
const UNBUNDLED = join(import.meta.dirname, '../../bin/run.js');

describe.skipIf(!hasNginx || !hasFaketime)('behind an nginx (skipped without nginx and libfaketime)', () => {
  it('that cuts requests after 5, 10 or 60 s, a task that is quiet for 12 minutes is followed to its end', async () => {
    const { fake, machine, stop } = await makeSystem({ bin: UNBUNDLED });
    fake.intercept = ({ query }) => {
      const waitMs = query.get('wait_ms');
      if (waitMs !== null) query.set('wait_ms', String(Math.round(Number(waitMs) / TIMES)));
      return undefined;
    };
    const task = await createTask(fake);
    const proxies = await Promise.all([5, 10, 60].map(async (seconds) => ({ seconds, port: await freePort() })));
    const servers = proxies.map(({ seconds, port }) => {
      const limit = `proxy_read_timeout ${(seconds * 1000) / TIMES}ms;`;
      return `server { listen 127.0.0.1:${port}; location / { proxy_pass ${fake.url}; ${limit} } }`;
    });
    const nginx = await startNginx(`http://127.0.0.1:${proxies[0]?.port}/health`, servers.join('\n'));
    const runs = proxies.flatMap(({ port }) =>
      [
        ['engineering', 'wait', task],
        ['task', 'watch', task],
      ].map((argv) => {
        const env = { ...fastClock(TIMES), ORCHESTRATOR_API_URL: `http://127.0.0.1:${port}` };
        return machine.start(argv, { env });
      }),
    );
    try {
      await sleep(QUIET_MS / TIMES);
      fake.end(task, 'completed');

      for (const ended of await Promise.all(runs.map((run) => run.ended))) {
        expect(ended.code, ended.stderr).toBe(0);
        expect(ended.stderr).not.toContain('does not answer');
      }
    } finally {
      for (const { child } of runs) child.kill('SIGKILL');
      forgetClocks(runs.map(({ child }) => child.pid));
      await nginx.stop();
      await stop();
    }
  }, 60_000);
});
