import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceName, serviceScopes } from '@codegen/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeApi, startFakeApi } from '../../packages/sdk/tests/support/fake-api.js';
import { freePort } from '../support/ports.js';
import { createDatabase } from '../support/postgres.js';
import { program } from '../support/program.js';
import { openRedis, startRedis, type TestRedis } from '../support/redis.js';
import { tempFolder } from '../support/temp-folder.js';

let api: FakeApi;
let server: TestRedis;
let folder: Awaited<ReturnType<typeof tempFolder>>;
const children: ChildProcess[] = [];

beforeAll(async () => {
  [api, server, folder] = await Promise.all([startFakeApi(), startRedis(), tempFolder('codegen-connections')]);
  for (const name of ['repos', 'template', 'workers', 'releases']) await mkdir(join(folder.path, name));
  await writeFile(join(folder.path, 'agents.json'), '{}');
});
afterAll(async () => {
  for (const child of children) {
    const ended = once(child, 'exit');
    if (child.kill('SIGKILL')) await ended;
  }
  await Promise.all([api.stop(), server.stop(), folder.remove()]);
});

// One for commands, and one for each read that waits: any other command there would wait it out.
it.each<[ServiceName, { readers: number; queues: string[] }]>([
  ['scheduler', { readers: 0, queues: [] }],
  ['scaffolder', { readers: 2, queues: ['repository:queue', 'scaffolder:queue'] }],
  ['infra-service', { readers: 1, queues: ['ansible:deploy:queue'] }],
  ['worker-manager', { readers: 2, queues: ['worker:commands', 'worker:lifecycle'] }],
  // Two kinds of task, four kinds of answers, the responses of workers, and events.
  [
    'langgraph',
    {
      readers: 8,
      queues: [
        'ansible:deploy:results',
        'deploy:queue',
        'engineering:queue',
        'repository:results',
        'scaffolder:results',
        'task:events',
        'worker:developer:output',
      ],
    },
  ],
])(
  '%s opens one connection to Redis beside those that wait, and tells how it is where that is asked',
  async (service, { readers, queues }) => {
    const database = service === 'langgraph' ? await createDatabase() : undefined;
    const redis = openRedis(server.url, { connectionName: 'test' });
    await redis.flushall();
    const place = (name: string) => join(folder.path, name);
    const port = await freePort();
    const child = spawn(process.execPath, [program(service)], {
      env: {
        ...{
          PATH: process.env.PATH,
          REDIS_URL: server.url,
          API_URL: api.url,
          INSTANCE: service,
          HEALTH_PORT: String(port),
        },
        API_TOKEN: api.makeToken([...serviceScopes[service]], 'service'),
        ...{ REPOS_DIR: place('repos'), TEMPLATE_DIR: place('template'), RELEASES_DIR: place('releases') },
        ...{ WORKERS_DIR: place('workers'), AGENTS_FILE: place('agents.json'), DEVELOPER_AGENT_CONFIG: 'demo' },
        ...(database && { DATABASE_URL: database.url }),
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    const seen = new Set<string>();
    const look = async () => {
      for (const line of String(await redis.client('LIST'))
        .trim()
        .split('\n')) {
        if (!line.includes(' name=test ')) seen.add(line.split(' ')[0] as string);
      }
    };
    const looking = setInterval(() => void look().catch(() => undefined), 10);
    await once(child, 'message');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    clearInterval(looking);
    const told = await Promise.all(['readyz', 'metrics'].map((path) => fetch(`http://127.0.0.1:${port}/${path}`)));
    expect(told.map(({ status }) => status)).toEqual([200, 200]);
    const metrics = await told[1]?.text();
    expect([...new Set(metrics?.match(/(?<=codegen_messages_handled_total\{.*queue=")[^"]+/g))].sort()).toEqual(queues);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await redis.quit();
    await database?.drop();
    expect(seen.size).toBe(1 + readers);
  },
);
