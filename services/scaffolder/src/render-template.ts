import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PermanentError } from '@codegen/sdk/errors';
import nunjucks from 'nunjucks';
import type { Answers, Template } from './read-template.js';
import { tojson } from './tojson.js';

const NEVER_DRAWN = new Set(['.git', 'copier.yml', 'copier.yaml']);

/**
 * Draws a template into an empty folder, the way Copier would, byte for byte; see templates/service/README.md for what
 * it knows.
 * @throws {PermanentError} where the template needs Copier itself, or uses an unknown variable
 */
export async function renderTemplate(template: Template, answers: Answers, destination: string): Promise<void> {
  if (template.copierOnly.length > 0) {
    throw new PermanentError(
      `The template uses ${template.copierOnly.join(', ')}, which only Copier understands. Try: pip install copier.`,
    );
  }
  const environment = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true });
  environment.addFilter('tojson', tojson);
  const render = (text: string, where: string) => {
    try {
      // Jinja reads every line end as LF; what an answer brings along keeps its own.
      return environment.renderString(text.replace(/\r\n?/g, '\n'), answers);
    } catch (error) {
      throw new PermanentError(`${where} cannot be rendered: ${(error as Error).message}`, { cause: error });
    }
  };
  const isRoot = template.subdirectory === '';
  await drawFolder(join(template.folder, template.subdirectory), destination);

  async function drawFolder(from: string, to: string): Promise<void> {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      if (isRoot && from === template.folder && NEVER_DRAWN.has(entry.name)) continue;
      const source = join(from, entry.name);
      const isTemplate = entry.isFile() && entry.name.endsWith(template.suffix);
      const plainName = isTemplate ? entry.name.slice(0, entry.name.length - template.suffix.length) : entry.name;
      const name = render(plainName, source);
      // A name that renders to nothing leaves the file or folder out.
      if (name === '') continue;
      if (name.includes('/') || name === '.' || name === '..') {
        throw new PermanentError(`${source} would be drawn outside of its folder, as "${name}".`);
      }
      const target = join(to, name);
      if (entry.isDirectory()) await drawFolder(source, target);
      else if (entry.isFile()) await drawFile(source, target, isTemplate);
      else throw new PermanentError(`${source} is neither a file nor a folder; only those are drawn.`);
    }
  }

  async function drawFile(source: string, target: string, isTemplate: boolean): Promise<void> {
    const bytes = await readFile(source);
    const text = isTemplate ? asText(bytes) : undefined;
    if (isTemplate && text === undefined && template.suffix !== '') {
      throw new PermanentError(`${source} cannot be rendered: it is not UTF-8.`);
    }
    await mkdir(join(target, '..'), { recursive: true });
    await writeFile(target, text === undefined ? bytes : render(text, source));
    await chmod(target, (await stat(source)).mode & 0o777);
  }
}

function asText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
