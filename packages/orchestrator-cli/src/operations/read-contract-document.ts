import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ContractName } from './contract-models.js';

/** Reads a document that the contracts are published with: the JSON Schema of a model, or the AsyncAPI document. */
export async function readContractDocument(file: `schemas/${ContractName}.json` | 'asyncapi.json'): Promise<object> {
  const path = fileURLToPath(import.meta.resolve(`@codegen/contracts/${file}`));
  return JSON.parse(await readFile(path, 'utf8')) as object;
}
