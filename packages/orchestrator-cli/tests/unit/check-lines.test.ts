import { describe, expect, it } from 'vitest';
import { splitLines } from '../../src/input/lines.js';
import { checkLine, checkLines } from '../../src/operations/check-lines.js';

const message = { project_id: 'p', task_id: 't', user_id: 1 };

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

describe('splitting into lines', () => {
  async function linesOf(mostBytes: number, ...texts: string[]) {
    const batches: (string | undefined)[][] = [];
    for await (const lines of splitLines(pieces(...texts), mostBytes))
      batches.push(lines.map((line) => line?.toString()));
    return batches;
  }

  it('gives what each chunk completes, wherever the chunks are cut', async () => {
    expect(await linesOf(99, 'a\nb', 'c', 'd\n\ne\n', 'f')).toEqual([['a'], ['bcd', '', 'e'], ['f']]);
    expect(await linesOf(99)).toEqual([]);
  });

  it('keeps nothing of a line that is too long, and goes on after it', async () => {
    expect(await linesOf(3, 'abc\nab', 'cd', 'ef\ng', '\nhijk')).toEqual([['abc'], [undefined], ['g'], [undefined]]);
  });
});

describe('a line', () => {
  it('is answered with whether its document is valid', () => {
    expect(checkLine(JSON.stringify({ model: 'DeployMessage', json: message }))).toEqual({
      readable: true,
      answer: { ok: true },
    });
    expect(checkLine('{"model":"DeployMessage","json":{"project_id":"p","task_id":"t"}}')).toEqual({
      readable: true,
      answer: { ok: false, error: 'Invalid input: expected number, received undefined', path: 'user_id' },
    });
  });

  it('may hold the document as text', () => {
    const line = (json: string) => checkLine(JSON.stringify({ model: 'DeployMessage', json }));

    expect(line(JSON.stringify(message)).answer).toEqual({ ok: true });
    expect(line('{"task_id":')).toEqual({
      readable: true,
      answer: { ok: false, error: 'not JSON: Unexpected end of JSON input', path: '' },
    });
    expect(line('7').answer).toEqual({ ok: false, error: 'not a JSON object', path: '' });
  });

  it.each([
    ['nonsense', 'not JSON'],
    ['7', 'is not {"model":…,"json":…}'],
    ['{"json":{}}', 'is not {"model":…,"json":…}'],
    ['{"model":"DeployMessage"}', 'is not {"model":…,"json":…}'],
    ['{"model":["DeployMessage"],"json":{}}', 'model is not a string'],
    ['{"model":"DeploiMessage","json":{}}', 'there is no model "DeploiMessage"'],
    ['{"model":"__proto__","json":{}}', 'there is no model "__proto__"'],
  ])('that names no document to check is unreadable: %s', (line, error) => {
    expect(checkLine(line)).toEqual({
      readable: false,
      answer: { ok: false, error: expect.stringContaining(error), path: '' },
    });
  });
});

describe('lines', () => {
  it('are answered in order before the next chunk is read, blank ones not at all', async () => {
    const log: string[] = [];
    async function* chunks() {
      for (const text of ['\ufeff{"model":"X","json":1}\r\n \n', '\n{"model":"DeployMessage",', '"json":[]}\n\xff']) {
        log.push('read');
        yield Buffer.from(text, text.endsWith('\xff') ? 'latin1' : 'utf8');
      }
    }
    const checked = await checkLines(chunks(), 100, async (text) => void log.push(text));

    expect(log).toEqual([
      'read',
      '{"ok":false,"error":"there is no model \\"X\\"","path":""}\n',
      'read',
      'read',
      '{"ok":false,"error":"not a JSON object","path":""}\n',
      '{"ok":false,"error":"the line is not UTF-8","path":""}\n',
    ]);
    expect(checked).toEqual({ answered: 3, unreadable: 2, firstUnreadable: 1 });
  });

  it('that are too long are told so', async () => {
    let answers = '';
    await checkLines(pieces('x'.repeat(101), '\n{}\n'), 100, async (text) => {
      answers += text;
    });

    expect(answers.split('\n')[0]).toBe('{"ok":false,"error":"the line has over 100 bytes","path":""}');
    expect(answers.split('\n')).toHaveLength(3);
  });
});
