import { stripVTControlCharacters } from 'node:util';

/** A command of a document, and what the document says that it prints. `^C` is a command too. */
export interface Step {
  command: string;
  expected: string[];
}

/** The steps in a document's ```console blocks, in order. */
export function readSteps(markdown: string): Step[] {
  const steps: Step[] = [];
  for (const [, block = ''] of markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const line of block.trimEnd().split('\n')) {
      const command = /^\$ (.*)$/.exec(line)?.[1] ?? (line === '^C' ? line : undefined);
      if (command !== undefined) steps.push({ command, expected: [] });
      else steps.at(-1)?.expected.push(line);
    }
  }
  return steps;
}

/** A line with what differs from run to run taken out. */
export function shapeOf(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/\d{2}:\d{2}:\d{2}/g, '<time>')
    .replace(/\b(proj|task)_[0-9a-f]+/g, '$1_<id>')
    .replace(/\b[0-9a-f]{7,40}\b/g, '<sha>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/\(node v[\d.]+\)/, '(node <version>)')
    .replace(/\s*\d+(\.\d+)?\s?(ms|s)\b/g, ' <seconds>')
    .trimEnd();
}

const VARYING = /\b(?:proj|task)_[0-9a-f]{32}\b|http:\/\/127\.0\.0\.1:\d+/g;

/** What ids and addresses of a document are in a run of it: in each line that is alike, the one stands for the other. */
export class Glossary {
  readonly #meaning = new Map<string, string>();

  /** Learns from two texts, by their lines. */
  learn(documented: readonly string[], printed: readonly string[]): void {
    const left = [...printed];
    for (const line of documented) {
      const at = left.findIndex((one) => words(one) === words(line));
      if (at < 0) continue;
      const [there] = left.splice(at, 1) as [string];
      const [theirs, ours] = [line.match(VARYING) ?? [], there.match(VARYING) ?? []];
      for (const [index, one] of theirs.entries())
        if (!this.#meaning.has(one)) this.#meaning.set(one, ours[index] ?? one);
    }
  }

  /** A line of the document, as it is in this run. */
  translate(line: string): string {
    return line.replace(VARYING, (one) => this.#meaning.get(one) ?? one);
  }
}

/** A line's shape, however its columns are spaced. */
function words(line: string): string {
  return shapeOf(line).replace(/\s+/g, ' ');
}

/**
 * Whether a command printed what the document says, by the lines' shapes. `…` stands for any lines, or for the rest of
 * one. Of progress lines, which come as fast as they come, those of the document must be among the printed ones.
 */
export function prints(documented: readonly string[], printed: readonly string[]): boolean {
  const isProgress = (line: string) => line.startsWith('<time>');
  const [theirs, ours] = [documented.map(words), printed.map(words)];
  const told = ours.filter(isProgress);
  if (!theirs.filter(isProgress).every((line) => told.includes(line))) return false;
  const pattern = theirs
    .filter((line) => !isProgress(line))
    .map((line) => {
      if (line === '…') return '(?:.*\\n)*';
      return `${line.split('…').map(escaped).join('.*')}\\n`;
    });
  const text = ours.filter((line) => !isProgress(line)).map((line) => `${line}\n`);
  return new RegExp(`^${pattern.join('')}$`).test(text.join(''));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
