import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../../../../tests/support/temp-folder.js';
import { readTemplate } from '../../src/read-template.js';

it('a template whose copier.yml is no YAML is refused for good, with the place and nothing of the text', async () => {
  const { path, remove } = await tempFolder('template');
  await writeFile(join(path, 'copier.yml'), 'project_name:\n  type: str\nkey: [kJ8-vault-key\n');
  const error = await readTemplate(path).catch((thrown: unknown) => thrown as Error);
  await remove();

  expect(error).toMatchObject({ name: 'PermanentError' });
  expect(String(error)).toMatch(/copier\.yml is not YAML \(line \d, column \d+\): correct or remove it$/);
  expect((error as Error).stack).not.toContain('kJ8');
});
