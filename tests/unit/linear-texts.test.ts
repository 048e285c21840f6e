import { decodeEntry, engineeringQueue, withoutSecretText } from '@codegen/contracts';
import { storable } from '@codegen/contracts/storable';
import { boundedText, isSecretVariable, Redactor, textOf, withoutEscapes, withoutPatterns } from '@codegen/sdk/text';
import { describe, expect, it } from 'vitest';
import {
  cut,
  escapeHidden,
  manyLines,
  oneLine,
  printable,
  withoutHidden,
} from '../../packages/orchestrator-cli/src/kit/text.js';
import { redactFields, redactMessage } from '../../packages/sdk/src/admin/queue-entry.js';
import { paste } from '../../packages/sdk/src/paste.js';
import { ResultBlockReader } from '../../packages/worker-wrapper/src/agents/result-block.js';
import { cleanText } from '../../packages/worker-wrapper/src/clean-text.js';
import { plainLine } from '../../packages/worker-wrapper/src/progress.js';
import { printable as inTheDemo } from '../../services/stack/src/demo-card.js';

const LENGTH = 2 ** 20;
/** Allowed factor over reading each character once: quadratic time takes about 100,000 times as long. */
const MOST_TIMES = 400;

/** Parts of outside texts that have made such functions slow. */
const SHAPES = {
  'hexadecimal digits': '0f',
  'names and colons': 'a:',
  'ends of schemes': '://',
  'spaces and line ends': ' \n',
  'marks and brackets': '<result>[{"token":',
  'quotes and backslashes': '\\"',
  'escape sequences and NUL': '\u001b]\u0000',
  'control strings without an end': '\u009d',
} as const;

const redactor = new Redactor([
  'hunter2-hunter2',
  '0f0f0f0f0f0f0f0f0f0e',
  '://://:',
  `-----KEY\n${'[{"token":'.repeat(20)}x`,
]);

/** Every function that reads whole texts from outside. */
const FUNCTIONS: Record<string, (text: string) => unknown> = {
  textOf: (text) => textOf(new Error(text)),
  boundedText: (text) => boundedText(text, { maxBytes: LENGTH, keep: 'end' }),
  storable: (text) => storable({ text }),
  withoutPatterns,
  withoutEscapes,
  'Redactor.clean': (text) => redactor.clean(text),
  'Redactor.stream': (text) => {
    const stream = redactor.stream();
    for (let at = 0; at < text.length; at += 65_536) stream.write(text.slice(at, at + 65_536));
    return stream.rest();
  },
  isSecretVariable: (text) => isSecretVariable(text, text),
  redactMessage: (text) => redactMessage({ text }),
  redactFields: (text) => redactFields({ data: text }),
  withoutSecretText: (text) => withoutSecretText({ data: text }),
  'decodeEntry of text': (text) => decodeEntry(engineeringQueue, { data: text }),
  'decodeEntry of a message': (text) => decodeEntry(engineeringQueue, { data: JSON.stringify({ task_id: text }) }),
  cleanText: (text) => cleanText(text, redactor, { maxBytes: 16_384, keep: 'end' }),
  plainLine: (text) => plainLine(text),
  'ResultBlockReader of lines': (text) => {
    const reader = new ResultBlockReader();
    for (const line of text.split('\n').slice(0, 1000)) reader.line(line);
  },
  oneLine,
  manyLines,
  printable: (text) => printable({ text }),
  withoutHidden,
  escapeHidden: (text) => escapeHidden(JSON.stringify(text)),
  'cut of a table': (text) => cut(text, 80),
  paste: (text) => paste`orchestrator ${text}`,
  'printable of the demo': (text) => inTheDemo(text, 80),
};

function timeOf(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function scan(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) === 10) count += 1;
  return count;
}

describe.each(Object.entries(FUNCTIONS))('%s', (_, work) => {
  it.each(Object.entries(SHAPES))('takes time that grows with 1 MB of %s, not with its square', (_, unit) => {
    const text = unit.repeat(LENGTH / unit.length);
    const least = Math.min(...[1, 2, 3].map(() => timeOf(() => scan(text))));
    let took = timeOf(() => work(text));
    for (let again = 0; again < 2 && took > MOST_TIMES * least; again += 1) took = timeOf(() => work(text));
    expect(took / least).toBeLessThan(MOST_TIMES);
  });
});
