import { holdsScope, roleScopes } from '@codegen/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { access } from '../../services/api/src/access.js';
import {
  type Client,
  openTestDatabase,
  startTestApi,
  type TestApi,
  type TestDatabase,
} from '../../services/api/tests/support/test-api.js';
import { type Ended, type Machine, type Machines, makeMachines } from './support/machine.js';

let machines: Machines;
let machine: Machine;
let database: TestDatabase;
let api: TestApi;
let ann: Client;
let project: string;
let task: string;

beforeAll(async () => {
  [machines, database] = await Promise.all([makeMachines(), openTestDatabase('PostgreSQL')]);
  machine = await machines.add();
  api = await startTestApi(database);
  ann = await api.user();
  project = (await ann.createProject('tea-blog')).id;
  task = (await ann.startEngineering(project)).task.id;
});
afterAll(async () => {
  await api?.stop();
  await database?.close();
  await machines?.remove();
});

/** Runs the CLI with a key, and nothing else known. */
function run(key: Client, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const known = { ORCHESTRATOR_API_URL: api.url, ORCHESTRATOR_TOKEN: key.token as string };
  return machine.run([...args, '--json'], { env: { ...known, ...env } });
}

/** A key of Ann's for an agent, as she makes it herself. */
async function agentOfAnn(scopes: readonly string[]): Promise<Client> {
  const made = await run(ann, ['auth', 'key', 'create', 'agent', '--role', 'worker', '--scopes', scopes.join(',')]);
  expect(made.code, made.stdout).toBe(0);
  return Object.assign(Object.create(ann) as Client, { token: made.json().data.secret as string });
}

function scopesOf(route: string): readonly string[] {
  const needed = access[route];
  if (!needed || needed === 'public') throw new Error(`${route} is not in the access table`);
  return needed.scopes;
}

/**
 * Commands, and the scopes that their call takes. What changes something takes its own; what only reads may be read
 * under another command's name too.
 */
const commands: { id: string; args(role: string): string[]; scopes: readonly string[] }[] = [
  { id: 'project.create', args: (role) => [`by-${role.toLowerCase().replace('_', '-')}`], scopes: ['project.create'] },
  { id: 'project.list', args: () => [], scopes: scopesOf('GET /projects') },
  { id: 'project.get', args: () => [project], scopes: scopesOf('GET /projects/{project}') },
  { id: 'engineering.start', args: () => ['--project', project, '--spec', 'x'], scopes: ['engineering.start'] },
  { id: 'engineering.status', args: () => [task], scopes: scopesOf('GET /tasks/{id}') },
  { id: 'deploy.start', args: () => ['--project', project], scopes: ['deploy.start'] },
  { id: 'task.list', args: () => [], scopes: scopesOf('GET /tasks') },
  { id: 'task.get', args: () => [task], scopes: scopesOf('GET /tasks/{id}') },
  { id: 'task.cancel', args: () => [task], scopes: ['task.cancel'] },
  { id: 'auth.key.create', args: () => ['stronger'], scopes: ['auth.key.create'] },
  { id: 'auth.key.list', args: () => [], scopes: ['auth.key.list'] },
];
const changes = ['project.create', 'engineering.start', 'deploy.start', 'task.cancel', 'auth.key.create'];

describe.each(Object.entries(roleScopes))('an agent of the role %s', (role, scopes) => {
  it('is held to its commands by ALLOWED_COMMANDS, and without the variable by its key', async () => {
    const agent = await agentOfAnn([role]);
    for (const { id, args, scopes: needed } of commands) {
      const words = [...id.split('.'), ...args(role)];
      const byList = await run(ann, [...words, '--dry-run'], { ALLOWED_COMMANDS: role });
      const byKey = await run(agent, words);
      const allowed = holdsScope(scopes, id);
      expect([id, byList.code === 6]).toEqual([id, !allowed]);
      if (!allowed) {
        const { error, choices } = byList.json();
        expect(error.code).toBe('COMMAND_NOT_ALLOWED');
        expect(error.details.allowed).toEqual(scopes);
        expect(choices).toContain('project.get');
      }
      const reached = needed.some((one) => holdsScope(scopes, one));
      if (changes.includes(id)) expect([id, reached]).toEqual([id, allowed]);
      expect([id, byKey.json().error?.code === 'FORBIDDEN', byKey.code === 6]).toEqual([id, !reached, !reached]);
    }
  });
});

describe('a key', () => {
  it('for deploys works with them by id and by project, and meets no engineering task, in a list or by id', async () => {
    const { id } = await ann.createProject('herbs');
    const { task: built } = await ann.startEngineering(id);
    await database.sql(`update projects set main_sha = $1 where id = $2`, ['a'.repeat(40), id]);
    const deploy = (await ann.ok('POST', '/tasks', { project: id, type: 'deploy', anyway: true })).task.id;
    await database.sql(`update tasks set status = 'cancelled', finished_at = now() where id = $1`, [deploy]);
    const agent = await agentOfAnn(['deploy.*']);
    for (const [words, code, ids] of [
      [['deploy', 'status', '--project', 'herbs'], 0, [deploy]],
      [['deploy', 'status', deploy], 0, [deploy]],
      [['deploy', 'wait', '--project', 'herbs'], 1, [deploy]],
      [['task', 'list', '--project', 'herbs'], 0, [deploy]],
      [['engineering', 'status', '--project', 'herbs'], 3, []],
      ...['get', 'watch', 'logs'].map((verb) => [['task', verb, built.id], 3, []] as const),
      [['engineering', 'status', built.id], 3, []],
      [['explain', built.id], 3, []],
    ] as const) {
      const ended = await run(agent, words);
      expect([words, ended.code], ended.stdout).toEqual([words, code]);
      const { data } = ended.json();
      const found = [data?.items ?? data ?? []].flat().map((one: { id: string }) => one.id);
      if (code !== 1) expect(found).toEqual(ids);
    }
  });

  it('of an agent makes no other key, whatever its scopes', async () => {
    const agent = await agentOfAnn(['auth.key.create', 'task.get']);
    for (const scopes of ['*', 'task.get', 'auth.key.create']) {
      const made = await run(agent, ['auth', 'key', 'create', 'child', '--role', 'worker', '--scopes', scopes]);
      expect([made.code, made.json().error.code]).toEqual([6, 'FORBIDDEN']);
    }
  });

  it('of an agent revokes itself and nothing stronger; revoking the key that made it ends it', async () => {
    const mine = (await ann.ok('GET', '/whoami')).key;
    const agent = await agentOfAnn(['auth.key.*', 'task.get']);
    const revoked = await run(agent, ['auth', 'key', 'revoke', mine.id, '--yes']);
    expect([revoked.code, revoked.json().error.code]).toEqual([6, 'FORBIDDEN']);
    const made = await run(ann, ['auth', 'key', 'create', 'middle']);
    const middle = Object.assign(Object.create(ann) as Client, { token: made.json().data.secret as string });
    const child = await run(middle, ['auth', 'key', 'create', 'child', '--role', 'worker', '--scopes', 'task.get']);
    expect((await run(ann, ['auth', 'key', 'revoke', made.json().data.key.id, '--yes'])).code).toBe(0);
    for (const { data } of [made.json(), child.json()]) {
      const { error } = (
        await run(Object.assign(Object.create(ann) as Client, { token: data.secret }), ['task', 'get', task])
      ).json();
      expect(error.code).toBe('UNAUTHENTICATED');
    }
  });

  it("of another user sees none of the first one's rows", async () => {
    const bob = await api.user();
    for (const [args, code] of [
      [['project', 'get', project], 3],
      [['task', 'get', task], 3],
      [['engineering', 'wait', task], 3],
      [['task', 'cancel', task], 3],
      [['deploy', 'start', '--project', project], 3],
    ] as const) {
      expect([args, (await run(bob, args)).code]).toEqual([args, code]);
    }
    expect((await run(bob, ['project', 'list'])).json().data.items).toEqual([]);
  });

  it('that was revoked or has expired is told so, with exit 4', async () => {
    const [revoked, expired] = [await api.user(), await api.user({ expires_at: '2090-01-01T00:00:00Z' })];
    const { key } = await revoked.ok('GET', '/whoami');
    expect((await run(revoked, ['auth', 'key', 'revoke', key.id, '--yes'])).code).toBe(0);
    await database.sql(`update api_keys set expires_at = now() - interval '1 s' where user_id = $1`, [expired.userId]);
    for (const [who, why] of [
      [revoked, 'revoked'],
      [expired, 'expired'],
    ] as const) {
      const refused = await run(who, ['project', 'list']);
      expect(refused.code).toBe(4);
      expect(refused.json().error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringContaining(why) });
      expect(refused.json().next[0].command).toBe('unset ORCHESTRATOR_TOKEN');
    }
  });
});
