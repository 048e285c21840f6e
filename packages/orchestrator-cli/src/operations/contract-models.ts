import { type DocumentIssue, type DtoName, dtos, type ModelName, models, readDocument } from '@codegen/contracts';
import { OrchestratorError } from '@codegen/sdk/errors';
import { nearest } from '../nearest.js';
import { oneLine } from '../render/text.js';

/** A message that crosses Redis, or a body or query of the REST API. */
export type ContractName = ModelName | DtoName;

/** Characters of an unknown name that are told and compared. */
const MOST_SHOWN = 60;

/** Every name that a document can be checked against. */
export const contractNames = [...Object.keys(models), ...Object.keys(dtos)] as readonly ContractName[];

/** Whether there is a model of exactly that name. */
export function isContractName(name: string): name is ContractName {
  return isModelName(name) || Object.hasOwn(dtos, name);
}

/** What is said of a name that no model has. */
export function noSuchModel(name: string): string {
  return `there is no model ${JSON.stringify(oneLine(name.slice(0, MOST_SHOWN)))}`;
}

/** The error for such a name, with the closest one and all that there are. */
export function unknownModelError(code: 'NOT_FOUND' | 'VALIDATION_FAILED', name: string): OrchestratorError {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[\s_.-]/g, '');
  const [close] = nearest(plain(name.slice(0, MOST_SHOWN)), contractNames.map(plain), 1);
  const near = contractNames.find((known) => plain(known) === close);
  const [hint, next] = near
    ? [
        `; did you mean ${near}?`,
        { command: `orchestrator contracts schema ${near}`, when: 'if that is what you mean' },
      ]
    : ['', { command: 'orchestrator contracts list', when: 'to see which models there are' }];
  return new OrchestratorError(code, noSuchModel(name) + hint, { choices: [...contractNames], next: [next] });
}

/** Everything that is wrong with a document; nothing where it is valid. A message is read as its consumers do. */
export function checkDocument(name: ContractName, document: unknown): readonly DocumentIssue[] {
  if (isModelName(name)) {
    const read = readDocument(models[name], document);
    return read.ok ? [] : read.issues;
  }
  const issues = dtos[name].safeParse(document).error?.issues ?? [];
  return issues.map(({ path, message }) => ({ path: path.join('.'), message }));
}

function isModelName(name: string): name is ModelName {
  return Object.hasOwn(models, name);
}
