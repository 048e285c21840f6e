// Writes the contracts' JSON Schemas and AsyncAPI document into their package, from the built schemas, and deletes old
// ones. Run by `npm run build`; a unit test fails if a file is outdated.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { contractDocuments } from '../packages/contracts/dist/generate/documents.js';
import { queues } from '../packages/contracts/dist/index.js';

const contracts = new URL('../packages/contracts/', import.meta.url);
const readJson = async (path) => JSON.parse(await readFile(new URL(path, contracts), 'utf8'));

const examples = {};
for (const { stream } of queues) {
  const file = `${stream.replaceAll(':', '-').replace(/[{}]/g, '')}.json`;
  examples[stream] = await readJson(`tests/fixtures/messages/${file}`);
}

const { version } = await readJson('package.json');
const documents = contractDocuments(version, examples);
await mkdir(new URL('schemas/', contracts), { recursive: true });
for (const name of await readdir(new URL('schemas/', contracts))) {
  if (!documents.has(`schemas/${name}`)) await rm(new URL(`schemas/${name}`, contracts));
}
for (const [path, text] of documents) await writeFile(new URL(path, contracts), text);
