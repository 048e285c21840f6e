import { Orchestrator } from '@codegen/sdk';

const { ORCHESTRATOR_API_URL: apiUrl = 'http://127.0.0.1:8000', ORCHESTRATOR_TOKEN: token } = process.env;
const client = new Orchestrator({ apiUrl, token });

// All projects: the loop fetches pages as it needs them, and stops when it ends.
for await (const { name, status } of client.projects.list({ status: 'active' })) console.log(name, status);

// One page at a time, such as for a list with a "more" button.
const first = await client.projects.page({ limit: 20 });
console.log(first.items.length, first.next_cursor === null ? 'that is all' : 'there is more');
