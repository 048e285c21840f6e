import { parseJson } from '@codegen/contracts';
import { jsonText } from '../input/files.js';
import { splitLines } from '../input/lines.js';
import { checkDocument, isContractName } from './contract-models.js';
import { noSuchModel } from './unknown-model.js';

/** What is said of one line: its document is valid, or why it is not and where. */
export type LineAnswer = { ok: true } | { ok: false; error: string; path: string };

/** How many lines there were, blank ones not counted, and which could not be read: they name no document to check. */
export interface LinesChecked {
  answered: number;
  unreadable: number;
  /** Number of the first unreadable line, from 1; blank ones counted. */
  firstUnreadable?: number;
}

/**
 * Answers each line `{"model":…,"json":…}` with one line, in order, before the next chunk is read. Blank lines get none; of a
 * line over `mostBytes` nothing is kept. `print` is awaited, so that a slow reader slows the reading down.
 */
export async function checkLines(
  chunks: AsyncIterable<Buffer>,
  mostBytes: number,
  print: (text: string) => Promise<void>,
): Promise<LinesChecked> {
  const checked: LinesChecked = { answered: 0, unreadable: 0 };
  let number = 0;
  for await (const lines of splitLines(chunks, mostBytes)) {
    let answers = '';
    for (const line of lines) {
      number += 1;
      const text = line && jsonText(line);
      if (text?.trim() === '') continue;
      const { readable, answer } = text === undefined ? tooBroken(line, mostBytes) : checkLine(text);
      answers += `${JSON.stringify(answer)}\n`;
      checked.answered += 1;
      if (!readable) {
        checked.unreadable += 1;
        checked.firstUnreadable ??= number;
      }
    }
    if (answers !== '') await print(answers);
  }
  return checked;
}

/** The answer to one line, and whether the line named a model and a document at all. */
export function checkLine(text: string): { readable: boolean; answer: LineAnswer } {
  const line = parseJson(text);
  if (!line.ok) return unreadable(`the line is not JSON: ${line.error}`);
  const { value } = line;
  if (typeof value !== 'object' || value === null || !('model' in value) || !('json' in value)) {
    return unreadable('the line is not {"model":…,"json":…}');
  }
  const { model, json } = value;
  if (typeof model !== 'string') return unreadable('model is not a string');
  if (!isContractName(model)) return unreadable(noSuchModel(model));
  // The document itself, or its text: no model is a string, so that one cannot be taken for the other.
  const document = typeof json === 'string' ? parseJson(json) : { ok: true as const, value: json };
  if (!document.ok) return { readable: true, answer: refusal(`not JSON: ${document.error}`) };
  const [issue] = checkDocument(model, document.value);
  return { readable: true, answer: issue ? refusal(issue.message, issue.path) : { ok: true } };
}

function tooBroken(line: Buffer | undefined, mostBytes: number) {
  return unreadable(line ? 'the line is not UTF-8' : `the line has over ${mostBytes} bytes`);
}

function unreadable(error: string) {
  return { readable: false, answer: refusal(error) };
}

function refusal(error: string, path = ''): LineAnswer {
  return { ok: false, error, path };
}
