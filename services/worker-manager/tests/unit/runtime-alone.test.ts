import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const src = resolve(import.meta.dirname, '..', '..', 'src');
/** The manager's own folder, the operator's file, and the runtimes. */
const OWN = /^(runtimes\/.*|worker-records|agents-file|start-worker-manager|ownership)\.ts$/;
const TOUCHES =
  /from 'node:(fs|child_process)|\b(readFileBelow|writeFileBelow|listBelow|openLogBelow|moveBelow|removeTree|diskFault|endTree|processTable)\b|process\.kill\(/;

const touching = (files: [name: string, text: string][]) =>
  files.filter(([name, text]) => !OWN.test(name) && TOUCHES.test(text)).map(([name]) => name);

it('the runtime alone touches the files and processes of workers', () => {
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  expect(names.length).toBeGreaterThan(15);
  expect(touching(names.map((name) => [name, readFileSync(resolve(src, name), 'utf8')]))).toEqual([]);
});

it('a file that does so beside it is noticed', () => {
  const bad: [string, string][] = [
    ['send-file.ts', "import { writeFile } from 'node:fs/promises';"],
    ['drain.ts', 'await endTree(tree);'],
    ['runtimes/process.ts', 'await endTree(tree);'],
  ];
  expect(touching(bad)).toEqual(['send-file.ts', 'drain.ts']);
});
