import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Record<string, string>;
}

const root = resolve(import.meta.dirname, '..', '..');
const read = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
const { packages } = read('package-lock.json') as { packages: Record<string, Entry> };
const MODULES = 'node_modules/';
const installed = Object.entries(packages).filter(([place, { link }]) => place.includes(MODULES) && !link);
const nameOf = (place: string) => place.slice(place.lastIndexOf(MODULES) + MODULES.length);

/** Whether a package at a place finds another one there or in a parent folder. */
function finds(place: string, name: string): boolean {
  const folders = place.split(`/${MODULES}`).map((_, at, all) => all.slice(0, at + 1).join(`/${MODULES}`));
  return ['', ...folders.map((folder) => `${folder}/`)].some((folder) => `${folder}${MODULES}${name}` in packages);
}

describe('package-lock.json', () => {
  it('has the checksum of every package; otherwise: npm run lock:complete', () => {
    expect(installed.length).toBeGreaterThan(500);
    const strong = /^sha512-[A-Za-z0-9+/]{86}==$/;
    expect(installed.filter(([, { integrity }]) => !strong.test(integrity ?? '')).map(([place]) => place)).toEqual([]);
  });

  it('has the packages of every platform; otherwise: remove the entry that lacks them, and npm install --package-lock-only', () => {
    const missing = installed.flatMap(([place, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).flatMap((name) => (finds(place, name) ? [] : [`${place} lacks ${name}`])),
    );
    expect(missing).toEqual([]);
    expect(Object.keys(packages)).toContain('node_modules/@esbuild/darwin-arm64');
  });

  it('names no registry, and takes nothing from elsewhere', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([]);
  });

  it('has no package with an install script that package.json does not name, and that names no other', () => {
    const withScripts = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([place]) => nameOf(place));
    const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
    expect(Object.keys(allowScripts).sort()).toEqual([...new Set(withScripts)].sort());
  });
});
