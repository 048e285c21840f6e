import { Orchestrator } from '@codegen/sdk';

const { ORCHESTRATOR_API_URL: apiUrl = 'http://127.0.0.1:8000', ORCHESTRATOR_TOKEN: token } = process.env;
const client = new Orchestrator({ apiUrl, token });
// Ctrl-C stops following the task; the task goes on.
const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('interrupted')));
const { signal } = stop;

const task = await client.engineering.start({ project: 'todo-api', spec: 'Lists with deadlines' }, { signal });
for await (const event of task.events({ signal })) console.log(event.seq, event.type, event.message ?? '');
const { status, result } = await task.result({ signal, timeoutMs: 60_000 });
console.log(status, result);
