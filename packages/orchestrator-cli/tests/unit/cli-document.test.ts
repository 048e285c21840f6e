import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { variables } from '../../src/environment.js';
import { cliDocument } from '../../src/generate/cli-document.js';
import { commandTables } from '../../src/generate/command-tables.js';

const root = join(import.meta.dirname, '../../../..');
const source = join(import.meta.dirname, '../../src');

describe('src/generated', () => {
  it('is what the definitions of the commands say; `npm run generate` writes it anew', async () => {
    const tables = await commandTables();

    expect(readdirSync(join(source, 'generated')).sort()).toEqual(Object.keys(tables).sort());
    for (const [name, text] of Object.entries(tables)) {
      expect(readFileSync(join(source, 'generated', name), 'utf8'), name).toBe(text);
    }
  });
});

describe('docs/cli.md', () => {
  it('is what the command line says of itself; `npm run generate` writes it anew', async () => {
    expect(readFileSync(join(root, 'docs/cli.md'), 'utf8')).toBe(await cliDocument());
  });

  it('has a heading for every link in it', async () => {
    const text = await cliDocument();
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => (title ?? '').replaceAll(' ', '-'));

    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) expect(headings).toContain(link);
  });

  it('names every variable of ours that the source reads', () => {
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const text = files.map((file) => readFileSync(join(source, file), 'utf8')).join('\n');
    const read = new Set(
      [...text.matchAll(/(?:env\.|variable\(')(ORCHESTRATOR_[A-Z_]+|ALLOWED_COMMANDS)/g)].map(([, name]) => name),
    );

    expect(read.size).toBeGreaterThan(8);
    expect([...read].filter((name) => !variables.some((one) => one.name === name))).toEqual([]);
  });
});
