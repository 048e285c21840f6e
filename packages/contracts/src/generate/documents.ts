import { dtos } from '../dtos.js';
import { models } from '../registry.js';
import { asyncApiOf, type Examples } from './asyncapi.js';
import { jsonSchemaOf } from './json-schema.js';

/** The generated files that describe the contracts: their text by path in the package. */
export function contractDocuments(version: string, examples: Examples): Map<string, string> {
  const schemas = Object.entries({ ...models, ...dtos }).map(
    ([name, schema]) => [`schemas/${name}.json`, jsonSchemaOf(name, schema)] as const,
  );
  const documents = [...schemas, ['asyncapi.json', asyncApiOf(version, examples)] as const];
  return new Map(documents.map(([path, document]) => [path, `${JSON.stringify(document, null, 2)}\n`]));
}
