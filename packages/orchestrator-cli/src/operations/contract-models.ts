import { type DocumentIssue, type DtoName, dtos, type ModelName, models, readDocument } from '@codegen/contracts';

/** A message that crosses Redis, or a body or query of the REST API. */
export type ContractName = ModelName | DtoName;

/** Every name that a document can be checked against. */
export const contractNames = [...Object.keys(models), ...Object.keys(dtos)] as readonly ContractName[];

/** Whether there is a model of exactly that name. */
export function isContractName(name: string): name is ContractName {
  return isModelName(name) || Object.hasOwn(dtos, name);
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
