import { readdirSync, readFileSync } from 'node:fs';

// The documents are read and not made, and their names are those of their files, so that no schema has to be loaded.
// Node's promises of files take longer to load than these to be read.
const asyncapi = new URL(import.meta.resolve('@codegen/contracts/asyncapi.json'));
const schemas = new URL('schemas/', asyncapi);
const SUFFIX = '.json';

/** Names of the models that a JSON Schema is published of. */
export async function schemaNames(): Promise<string[]> {
  const files = readdirSync(schemas);
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** The JSON Schema of one of these models. */
export async function readSchema(model: string): Promise<object> {
  return await readJson(new URL(`${model}${SUFFIX}`, schemas));
}

/** The AsyncAPI document of all streams. */
export async function readAsyncapi(): Promise<object> {
  return await readJson(asyncapi);
}

async function readJson(file: URL): Promise<object> {
  return JSON.parse(readFileSync(file, 'utf8')) as object;
}
