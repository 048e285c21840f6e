import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The Copier of this machine: COPIER, `copier` on PATH, or Python's module; undefined where there is none. */
export function findCopier(): string | undefined {
  for (const program of [process.env.COPIER, 'copier']) {
    if (program && spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0) return program;
  }
  if (spawnSync('python3', ['-m', 'copier', '--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const program = join(mkdtempSync(join(tmpdir(), 'codegen-copier-')), 'copier');
  writeFileSync(program, '#!/bin/sh\nexec python3 -m copier "$@"\n');
  chmodSync(program, 0o755);
  return program;
}
