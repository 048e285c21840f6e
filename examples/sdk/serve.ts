import { createServer } from 'node:http';
import { isOrchestratorError, Orchestrator } from '@codegen/sdk';

const { ORCHESTRATOR_API_URL: apiUrl = 'http://127.0.0.1:8000', ORCHESTRATOR_TOKEN: token } = process.env;
const client = new Orchestrator({ apiUrl, token });

// POST / starts a task with the body as its spec, and answers with its id.
const server = createServer(async (request, response) => {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the caller disconnected')));
  try {
    let spec = '';
    for await (const chunk of request.setEncoding('utf8')) spec += chunk;
    const task = await client.engineering.start({ project: 'todo-api', spec }, { signal: gone.signal });
    response.writeHead(202).end(`${task.id}\n`);
  } catch (error) {
    if (gone.signal.aborted) return;
    const known = isOrchestratorError(error);
    // A wrong server at the API's address may answer 099 or 304, which are not valid failures here.
    const { status = 502 } = known ? error : { status: 500 };
    response.writeHead(status >= 400 && status < 600 ? status : 502).end(`${known ? error.message : 'a bug'}\n`);
  }
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(server.address()));
