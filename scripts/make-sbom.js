// Lists every locked package of every platform in a CycloneDX document, and prints its path.
// Usage: npm run sbom [-- --out FILE]
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const { values } = parseArgs({ options: { out: { type: 'string', default: 'sbom.cdx.json' } } });
const root = resolve(import.meta.dirname, '..');
const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
const { stdout } = await promisify(execFile)('npm', args, { cwd: root, maxBuffer: 64 * 1024 * 1024 });
const document = JSON.parse(stdout);
// npm names our own packages after their folders, even after the checkout.
for (const component of [document.metadata.component, ...document.components]) {
  const reference = component['bom-ref'];
  component.name = reference.slice(0, reference.lastIndexOf('@'));
}
const out = resolve(values.out);
await writeFile(out, `${JSON.stringify(document, null, 2)}\n`);
process.stdout.write(`${out}\n`);
