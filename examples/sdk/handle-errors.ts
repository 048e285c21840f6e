import { isOrchestratorError, Orchestrator } from '@codegen/sdk';

const { ORCHESTRATOR_API_URL: apiUrl = 'http://127.0.0.1:8000', ORCHESTRATOR_TOKEN: token } = process.env;
const client = new Orchestrator({ apiUrl, token, retry: { attempts: 2 } });

try {
  await client.projects.get('todo-apo');
} catch (error) {
  if (!isOrchestratorError(error)) throw error;
  if (error.code === 'PROJECT_NOT_FOUND') console.log(error.message, error.choices);
  else if (error.retryable) console.log(`try again in ${error.retryAfterMs ?? 1000} ms: ${error.message}`);
  else console.log(`${error.code}: ${error.message} (request ${error.requestId})`);
}
