import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';

/** A document that every reader of a wire version reads, with what comes of it. */
export interface CorpusCase {
  name: string;
  document: object;
  /** What the document says, every default filled in. */
  parsed: Record<string, unknown>;
  /** Fields that the reader makes anew where the document has none: a new UUID, or the time of day. */
  made?: string[];
}

const folder = new URL('../corpus/v1/', import.meta.url);

/** Models that have a corpus of version 1. */
export function corpusModels(): string[] {
  return readdirSync(folder).map((file) => file.replace(/\.json$/, ''));
}

/** The corpus of a model. */
export function corpusOf(model: string): CorpusCase[] {
  return JSON.parse(readFileSync(new URL(`${model}.json`, folder), 'utf8')) as CorpusCase[];
}

/** Names a case by what it holds: an altered one has another digest. */
export function digestOf({ document, parsed, made }: CorpusCase): string {
  return createHash('sha256')
    .update(JSON.stringify([document, parsed, made]))
    .digest('hex')
    .slice(0, 16);
}

/** What a schema reads otherwise than the corpus says, case by case. */
export function differences(schema: z.ZodType, cases: readonly CorpusCase[]): string[] {
  return cases.flatMap(({ name, document, parsed, made = [] }) => {
    const read = parse(schema, document);
    if (read === undefined) return [`${name}: refused`];
    const said = Object.fromEntries(Object.entries(read).filter(([field]) => !made.includes(field)));
    if (made.some((field) => typeof read[field] !== 'string')) return [`${name}: not filled in`];
    if (!isDeepStrictEqual(said, parsed)) return [`${name}: reads otherwise`];
    // Written again, it reads the same, to the order of its fields.
    const again = parse(schema, JSON.parse(JSON.stringify(read)));
    return JSON.stringify(again) === JSON.stringify(read) ? [] : [`${name}: is written otherwise`];
  });
}

/** undefined where the schema refuses the document, or is none that can be used. */
function parse(schema: z.ZodType, document: unknown): Record<string, unknown> | undefined {
  try {
    return schema.parse(document) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
