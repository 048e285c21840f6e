import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A regular expression of the sources, and its first place. */
export interface FoundExpression {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

interface Node {
  readonly type?: string;
  readonly start?: number;
  readonly regex?: { readonly pattern: string; readonly flags: string };
  readonly callee?: { readonly name?: string };
}

/** Every regular expression in a TypeScript text; one that is built at run time has no source. */
export function expressionsIn(text: string, where: string): FoundExpression[] {
  const found: FoundExpression[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, start = 0, regex, callee } = node as Node;
    const place = () => `${where}:${text.slice(0, start).split('\n').length}`;
    if (type === 'Literal' && regex) found.push({ where: place(), source: regex.pattern, flags: regex.flags });
    if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp') {
      found.push({ where: place(), source: '', flags: '' });
    }
    for (const inner of Object.values(node)) visit(inner);
  };
  const { program, errors } = parseSync(where, text);
  if (errors.length > 0) throw new Error(`${where} cannot be read: ${errors[0]?.message}`);
  visit(program);
  return found;
}

/**
 * Every regular expression of packages, services, templates and examples; one at several places is listed once.
 */
export function allExpressions(): FoundExpression[] {
  const own = ['packages', 'services'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name, 'src')),
  );
  const folders = [...own, join(root, 'examples'), join(root, 'templates')];
  const all = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[jt]s$/.test(name) && !name.includes('node_modules'))
      .flatMap((name) => {
        const path = join(folder, name);
        return expressionsIn(readFileSync(path, 'utf8'), relative(root, path));
      }),
  );
  return [...new Map(all.map((one) => [one.source ? `/${one.source}/${one.flags}` : one.where, one])).values()];
}
