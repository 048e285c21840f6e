import type { TaskEvent } from '@codegen/contracts';
import { startFakeApi, TOKEN } from '../../packages/sdk/tests/support/fake-api.js';
import { Client, openTestDatabase, startTestApi } from '../../services/api/tests/support/test-api.js';

/** An API under test, real or fake, and functions that move its tasks on. */
export interface ApiPeer {
  /** A client with a person's full rights. */
  person: Client;
  /** A client that may only list projects and read deploy tasks. */
  lister: Client;
  /** Adds an event to a task's history. */
  emit(taskId: string, event: Partial<TaskEvent>): Promise<void>;
  /** Claims a task and ends it, with its last event. */
  end(taskId: string, status: 'completed' | 'failed'): Promise<void>;
  /** Sets the commit of a project's main. */
  merged(projectId: string, commit: string): Promise<void>;
  stop(): Promise<void>;
}

/** Every API that clients are tested against. */
export const apiPeers: Record<string, () => Promise<ApiPeer>> = {
  'the API on PGlite': realPeer,
  'the fake API of client tests': fakePeer,
};

async function realPeer(): Promise<ApiPeer> {
  const database = await openTestDatabase('PGlite');
  const api = await startTestApi(database);
  const person = await api.user({ role: 'user', scopes: ['*'] });
  const service = await api.service();
  const key = { name: 'lister', user_id: person.userId, scopes: ['project.list', 'deploy.status'] };
  const { secret } = await api.admin.ok('POST', '/api-keys', key);
  let entries = 0;
  const emit = async (task_id: string, event: Partial<TaskEvent>) => {
    const { request_id } = await service.ok('GET', `/tasks/${task_id}`);
    entries += 1;
    const full = { type: 'progress', request_id, task_id, ...event };
    await service.ok('POST', '/events', { events: [{ entry_id: `${entries}-0`, event: full }] });
  };
  return {
    person,
    lister: new Client(api.url, secret),
    emit,
    end: async (id, status) => {
      const { request_id } = await service.ok('GET', `/tasks/${id}`);
      const { task } = await service.ok('POST', `/tasks/${id}/claim`, { request_id });
      await service.ok('POST', `/tasks/${id}/transition`, { epoch: task.epoch, status });
      await emit(id, { type: status });
    },
    merged: async (id, main_sha) => {
      await service.ok('PATCH', `/projects/${id}/report`, { main_sha });
    },
    stop: async () => {
      await api.stop();
      await database.close();
    },
  };
}

async function fakePeer(): Promise<ApiPeer> {
  const fake = await startFakeApi();
  return {
    person: new Client(fake.url, TOKEN, 'user_1'),
    lister: new Client(fake.url, fake.makeToken(['project.list', 'deploy.status'])),
    emit: async (id, event) => fake.emit(id, event),
    end: async (id, status) => fake.end(id, status),
    merged: async (projectId, main_sha) => {
      Object.assign(fake.projects.find(({ id }) => id === projectId) ?? {}, { main_sha });
    },
    stop: fake.stop,
  };
}
