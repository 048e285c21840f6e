import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../support/temp-folder.js';

const root = resolve(import.meta.dirname, '..', '..');
const schemas = join(root, 'node_modules', '@cyclonedx', 'cyclonedx-library', 'res', 'schema');
const read = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

interface Sbom {
  readonly specVersion: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly unknown[];
    readonly hashes?: readonly unknown[];
  }[];
}

let text: string;
let sbom: Sbom;
beforeAll(async () => {
  const folder = await tempFolder('sbom');
  const out = join(folder.path, 'sbom.json');
  await promisify(execFile)('npm', ['run', '--silent', 'sbom', '--', '--out', out], { cwd: root });
  text = readFileSync(out, 'utf8');
  sbom = JSON.parse(text);
  await folder.remove();
});

describe('npm run sbom', () => {
  it('writes a document that is valid for the schema of CycloneDX', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ['spdx.SNAPSHOT.schema.json', 'jsf-0.82.SNAPSHOT.schema.json']) {
      ajv.addSchema(read(schemas, name), `http://cyclonedx.org/schema/${name}`);
    }
    const validate = ajv.compile(read(schemas, `bom-${sbom.specVersion}.SNAPSHOT.schema.json`));
    expect(validate(sbom), JSON.stringify(validate.errors)).toBe(true);
    expect(sbom.metadata.component).toMatchObject({
      name: 'codegen-orchestrator',
      version: read(root, 'package.json').version,
    });
  });

  it('lists every package of the lock, with its checksum and its licence', () => {
    const { packages } = read(root, 'package-lock.json') as {
      packages: Record<string, { name?: string; version: string; link?: boolean }>;
    };
    const locked = Object.entries(packages)
      .filter(([place, { link }]) => place.includes('node_modules/') && !link)
      .map(
        ([place, { name, version }]) => `${name ?? place.slice(place.lastIndexOf('node_modules/') + 13)}@${version}`,
      );
    const listed = new Set(sbom.components.map(({ name, version }) => `${name}@${version}`));
    expect(locked.filter((one) => !listed.has(one))).toEqual([]);
    const bare = sbom.components.filter(
      ({ name, licenses, hashes }) => !name.startsWith('@codegen/') && !(licenses && hashes),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  it('contains nothing about the machine or the registry', () => {
    for (const word of [`${root}/`, `${homedir()}/`, '"file:', '"distribution"']) expect(text).not.toContain(word);
  });
});
