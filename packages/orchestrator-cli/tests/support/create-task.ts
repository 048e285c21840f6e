import { type FakeApi, TOKEN } from '../../../sdk/tests/support/fake-api.js';

/** Has an engineering task made, as a client would, and returns its id. */
export async function createTask(api: FakeApi): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ project: 'todo-api', type: 'engineering', spec: 'Lists' });
  const answer = await fetch(`${api.url}/tasks`, { method: 'POST', headers, body });
  const { task } = (await answer.json()) as { task: { id: string } };
  return task.id;
}
