import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PermanentError } from '@codegen/sdk/errors';
import { parseFile } from '@codegen/sdk/files';
import { parse } from 'yaml';

/** What a template is told about the project; a list where a question takes several. */
export type Answers = Record<string, string | readonly string[]>;

/** One question of a template. */
interface Question {
  readonly default?: unknown;
  /** The values that are taken, where they are limited. */
  readonly choices?: readonly string[];
}

/** A Copier template as its `copier.yml` describes it. */
export interface Template {
  readonly folder: string;
  /** Folder, inside the template's, with what is drawn. */
  readonly subdirectory: string;
  /** Files with this suffix are rendered and lose it; the others are copied. */
  readonly suffix: string;
  readonly questions: ReadonlyMap<string, Question>;
  /** Settings and kinds of questions that only Copier itself understands. */
  readonly copierOnly: readonly string[];
}

const SETTINGS = /^_(min_copier_version|subdirectory|templates_suffix|message_\w+)$/;
const QUESTION_FIELDS = new Set(['type', 'help', 'default', 'choices', 'multiselect', 'validator', 'placeholder']);

/**
 * Reads a template's `copier.yml`.
 * @throws {PermanentError} where there is none
 */
export async function readTemplate(folder: string): Promise<Template> {
  const text = await readFile(join(folder, 'copier.yml'), 'utf8').catch((error: unknown) => {
    throw new PermanentError(`${folder} is not a Copier template: it has no copier.yml.`, { cause: error });
  });
  const document = parseSettings(text);
  const questions = new Map<string, Question>();
  const copierOnly: string[] = [];
  for (const [name, value] of Object.entries(document)) {
    if (name.startsWith('_')) {
      if (!SETTINGS.test(name)) copierOnly.push(name);
    } else {
      const { question, unknown } = readQuestion(value);
      questions.set(name, question);
      copierOnly.push(...unknown.map((field) => `${name}.${field}`));
    }
  }
  return {
    folder,
    subdirectory: String(document._subdirectory ?? ''),
    suffix: String(document._templates_suffix ?? '.jinja'),
    questions,
    copierOnly,
  };
}

/** @throws {PermanentError} saying where it is no YAML */
function parseSettings(text: string): Record<string, unknown> {
  try {
    return (parseFile('copier.yml', 'YAML', text, parse) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new PermanentError((error as Error).message);
  }
}

function readQuestion(value: unknown): { question: Question; unknown: string[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { question: { default: value }, unknown: typeof value === 'string' ? [] : ['default'] };
  }
  const fields = value as Record<string, unknown>;
  const unknown = Object.keys(fields).filter((field) => !QUESTION_FIELDS.has(field));
  if ((fields.type ?? 'str') !== 'str') unknown.push('type');
  // Copier renders these; a template that computes them needs Copier.
  for (const field of ['default', 'choices']) {
    if (/\{[{%]/.test(JSON.stringify(fields[field] ?? ''))) unknown.push(field);
  }
  const choices = fields.choices;
  return {
    question: {
      ...('default' in fields ? { default: fields.default } : {}),
      ...(choices ? { choices: choiceValues(choices) } : {}),
    },
    unknown,
  };
}

function choiceValues(choices: unknown): string[] {
  const entries = Array.isArray(choices)
    ? choices.map((choice) => (Array.isArray(choice) ? choice[1] : choice))
    : Object.values(choices as object);
  return entries.map(String);
}

/**
 * Fills in the defaults and holds the answers against the choices.
 * @throws {PermanentError} naming the answer that is not taken
 */
export function completeAnswers(template: Template, given: Answers): Answers {
  const answers: Record<string, string | readonly string[]> = {};
  for (const [name, question] of template.questions) {
    const answer = given[name] ?? (question.default as string | string[] | undefined);
    if (answer === undefined) throw new PermanentError(`The template asks for ${name}, and nobody answers that.`);
    const stranger = question.choices && [answer].flat().find((one) => !question.choices?.includes(one));
    if (stranger !== undefined) {
      throw new PermanentError(`The template has no ${name} "${stranger}". Try: ${question.choices?.join(', ')}.`);
    }
    answers[name] = answer;
  }
  return answers;
}
