import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';

/** A document that every reader of a wire version accepts, and the expected message. */
export interface CorpusCase {
  name: string;
  document: object;
  /** The message with all defaults. */
  parsed: Record<string, unknown>;
  /** Fields that the reader generates if the document lacks them: a UUID or the current time. */
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

/** Digest of a case's contents; any change alters it. */
export function digestOf({ document, parsed, made }: CorpusCase): string {
  return createHash('sha256')
    .update(JSON.stringify([document, parsed, made]))
    .digest('hex')
    .slice(0, 16);
}

/** The cases that a schema reads differently from the corpus. */
export function differences(schema: z.ZodType, cases: readonly CorpusCase[]): string[] {
  return cases.flatMap(({ name, document, parsed, made = [] }) => {
    const read = parse(schema, document);
    if (read === undefined) return [`${name}: rejected`];
    const stable = Object.fromEntries(Object.entries(read).filter(([field]) => !made.includes(field)));
    if (made.some((field) => typeof read[field] !== 'string')) return [`${name}: not generated`];
    if (!isDeepStrictEqual(stable, parsed)) return [`${name}: read differently`];
    // A round trip keeps the values and the order of the fields.
    const again = parse(schema, JSON.parse(JSON.stringify(read)));
    return JSON.stringify(again) === JSON.stringify(read) ? [] : [`${name}: written differently`];
  });
}

/** Undefined if the schema rejects the document or is itself unusable. */
function parse(schema: z.ZodType, document: unknown): Record<string, unknown> | undefined {
  try {
    return schema.parse(document) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
