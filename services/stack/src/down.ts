import { parseArgs } from 'node:util';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { dataFolderOf } from './data-folder.js';
import { stopStack } from './stop-stack.js';

// Stops the system of a data folder, and prints one line of JSON: {"stopped":…} or {"failed":{"code","message"}}.
const options = { 'data-dir': { type: 'string' }, 'timeout-ms': { type: 'string', default: '60000' } } as const;
const { values } = parseArgs({ options });
try {
  const stopped = await stopStack(dataFolderOf(values['data-dir'], process.env), Number(values['timeout-ms']));
  process.stdout.write(`${JSON.stringify({ stopped })}\n`);
} catch (error) {
  if (!isOrchestratorError(error)) throw error;
  const { code, message, next } = error;
  process.stdout.write(`${JSON.stringify({ failed: { code, message, next } })}\n`);
  process.exitCode = error.exitCode;
}
