import { rm } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';
import { startStack } from './support/system.js';

it('a system whose start folder is gone builds and deploys as before', async () => {
  const folder = await tempFolder('codegen-start');
  const system = await startStack({ cwd: folder.path });
  onTestFinished(() => system.stop());
  await rm(folder.path, { recursive: true });

  const created = await system.cli(['project', 'create', '--name', 'homeless', '--json']);
  expect(created.code, created.stderr).toBe(0);
  const engineering = ['engineering', 'start', '--project', 'homeless', '--spec', 'A tea blog', '--wait', '--json'];
  const built = await system.cli(engineering);
  expect(built.code, built.stdout + built.stderr).toBe(0);
  const deployed = await system.cli(['deploy', 'start', '--project', 'homeless', '--wait', '--json']);
  expect(deployed.code, deployed.stdout + deployed.stderr).toBe(0);
  const { deployed_url } = deployed.json().data.result;
  expect((await fetch(`${deployed_url}/health`)).status).toBe(200);
}, 180_000);
