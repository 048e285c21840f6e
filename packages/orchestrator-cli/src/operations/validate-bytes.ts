import { parseJson } from '@codegen/contracts';
import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { jsonText } from '../input/files.js';
import { type ContractName, checkDocument } from './contract-models.js';

/** Problems that an error lists at most. */
const MOST_ISSUES = 50;

/** Checks the bytes of one JSON document. @throws OrchestratorError VALIDATION_FAILED with the path and the reason of every problem */
export function validateBytes(model: ContractName, bytes: Buffer): void {
  const text = jsonText(bytes);
  if (text === undefined) throw refused(model, 'it is not UTF-8 text');
  if (text.trim() === '') throw refused(model, 'it is empty');
  const json = parseJson(text);
  if (!json.ok) throw refused(model, `it is not JSON: ${json.error}`);
  const issues = checkDocument(model, json.value);
  if (issues.length === 0) return;
  const count = issues.length === 1 ? '1 problem' : `${issues.length} problems`;
  const errors = issues.slice(0, MOST_ISSUES);
  throw refused(model, `${count}${issues.length > MOST_ISSUES ? `, the first ${MOST_ISSUES} are` : ''}`, {
    model,
    errors,
  });
}

function refused(model: ContractName, why: string, details: unknown = { model }): OrchestratorError {
  return new OrchestratorError('VALIDATION_FAILED', `the document is no valid ${model}: ${why}`, {
    details,
    next: [{ command: paste`orchestrator contracts schema ${model}`, when: 'to see what it must look like' }],
  });
}
