import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../../tests/support/ports.js';
import { program } from '../../../../tests/support/program.js';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { waitFor } from '../../../../tests/support/wait-for.js';
import { makeApiKeySecret } from '../../src/auth.js';
import { Client, uniqueName } from '../support/test-api.js';

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [program('api')], { env: { PATH: process.env.PATH, ...env } });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, stderr: () => stderr, exited: once(child, 'exit') };
}

test('without a database it says which variable to set, and exits with 1', async () => {
  const api = run({ VAULT_KEY: 'a'.repeat(64) });
  expect(await api.exited).toEqual([1, null]);
  expect(api.stderr()).toMatch(/Set DATABASE_URL .* or DATA_DIR/);
});

/** A folder, a port and an operator's token for a process that may be started again and again. */
async function home() {
  const folder = await tempFolder('codegen-main');
  const token = makeApiKeySecret();
  const [port, healthPort] = [await freePort(), await freePort()];
  const tokenFile = join(folder.path, 'token');
  await writeFile(tokenFile, token);
  const admin = new Client(`http://127.0.0.1:${port}`, token);
  const start = async () => {
    const health = { HEALTH_PORT: String(healthPort) };
    const api = run({
      DATA_DIR: join(folder.path, 'data'),
      PORT: String(port),
      ADMIN_TOKEN_FILE: tokenFile,
      ...health,
    });
    await waitFor('the API', async () => (await admin.call('GET', '/health')).status === 200, { timeoutMs: 60_000 });
    return api;
  };
  return { folder, admin, start, health: `http://127.0.0.1:${healthPort}` };
}

test('SIGTERM stops it cleanly, also with a poll open; the folder is free again', async () => {
  const { folder, admin, start, health } = await home();
  for (let round = 0; round < 2; round += 1) {
    const api = await start();
    await waitFor('its readiness', async () => (await fetch(`${health}/readyz`)).status === 200);
    expect(await (await fetch(`${health}/metrics`)).text()).toContain('codegen_service_info{service="api"');
    const { task } = await admin.startEngineering((await admin.createProject()).id);
    const polling = admin.ok('GET', `/tasks/${task.id}/events?wait_ms=30000`);
    await sleep(200);
    api.child.kill('SIGTERM');
    expect(await api.exited).toEqual([0, null]);
    expect((await polling).items).toEqual([]);
  }
  await folder.remove();
}, 180_000);

test('a process killed in mid-write leaves everything that it acknowledged', async () => {
  const { folder, admin, start } = await home();
  const acknowledged: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const api = await start();
    const writing = Array.from({ length: 4 }, async () => {
      for (;;) {
        const answer = await admin.call('POST', '/projects', { name: uniqueName() }).catch(() => undefined);
        if (!answer) return;
        expect(answer.status).toBe(201);
        acknowledged.push(answer.body.id);
      }
    });
    const enough = acknowledged.length + 15 + 5 * round;
    await waitFor('some writes', () => acknowledged.length >= enough, { timeoutMs: 60_000 });
    api.child.kill('SIGKILL');
    await api.exited;
    await Promise.all(writing);
  }
  const api = await start();
  expect(acknowledged.length).toBeGreaterThan(30);
  for (const id of acknowledged) expect((await admin.call('GET', `/projects/${id}`)).status).toBe(200);
  api.child.kill('SIGTERM');
  await api.exited;
  await folder.remove();
}, 180_000);
