import { Readable } from 'node:stream';
import { Redactor } from '@codegen/sdk/text';
import { describe, expect, it } from 'vitest';
import { ResultBlockReader } from '../../src/agents/result-block.js';
import { cleanText } from '../../src/clean-text.js';
import { ProgressThrottle, plainLine } from '../../src/progress.js';
import { readLines } from '../../src/read-events.js';

async function lines(chunks: (string | Buffer)[], maxBytes?: number): Promise<string[]> {
  const found: string[] = [];
  const stream = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk as string)),
    { objectMode: false },
  );
  for await (const line of readLines(stream, maxBytes)) found.push(line);
  return found;
}

describe('readLines', () => {
  it('joins lines across chunks, also within a character', async () => {
    const bytes = Buffer.from('eins\nzwäi\r\n\ndrei');
    for (let cut = 1; cut < bytes.length; cut += 1) {
      expect(await lines([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(['eins', 'zwäi', '', 'drei']);
    }
  });

  it('caps a line and goes on with the next one, without a broken character', async () => {
    expect(await lines(['aaaaaaaaaa', 'aaaa\nbb\n'], 5)).toEqual(['aaaaa', 'bb']);
    expect(await lines(['ääää\n'], 5)).toEqual(['ää']);
  });

  it('ends quietly when the stream breaks', async () => {
    const stream = new Readable({ read: () => undefined });
    stream.push('one\ntwo');
    setImmediate(() => stream.destroy(new Error('broken')));
    const found: string[] = [];
    for await (const line of readLines(stream)) found.push(line);
    expect(found[0]).toBe('one');
  });
});

describe('ResultBlockReader', () => {
  it('reads a long block in linear time, and never changes its status', () => {
    const line = 'x'.repeat(63);
    const timed = (first: string, lines: number) => {
      const reader = new ResultBlockReader();
      reader.line(first);
      // Of this process alone: others may have the processor for a while.
      const start = process.cpuUsage();
      for (let n = 0; n < lines; n += 1) reader.line(line);
      const ms = process.cpuUsage(start).user / 1000;
      reader.line('"}</result>');
      return { ms, block: reader.block };
    };
    timed('<result>', 20_000);
    const few = timed('<result>{"status":"failed","summary":"', 20_000);
    const many = timed('<result>{"status":"failed","summary":"', 200_000);
    expect(many.ms / Math.max(few.ms, 1)).toBeLessThan(100);
    const long = timed('<result>', 300_000);
    expect(long.block).toMatchObject({ status: 'failed', summary: expect.stringContaining('too long') });
    expect(read(`<result>{"status":"failed","summary":"${'y'.repeat(2_000_000)}"}</result>`).block?.status).toBe(
      'failed',
    );
  });

  const read = (...text: string[]) => {
    const reader = new ResultBlockReader();
    const outside = text.map((line) => reader.line(line)).filter(Boolean);
    return { block: reader.block, outside };
  };

  it('reads JSON, or plain text as success', () => {
    expect(read('<result>{"status":"failed","summary":"no"}</result>').block).toEqual({
      status: 'failed',
      summary: 'no',
    });
    expect(read('<result>All done</result>').block).toEqual({ status: 'success', summary: 'All done' });
    expect(read('<result>{"status":"great"}</result>').block).toEqual({
      status: 'success',
      summary: '{"status":"great"}',
    });
  });

  it('reads a block over several lines and leaves the lines around it', () => {
    expect(read('before', 'same <result>{"status":', '"success"}', '</result> line', 'after')).toEqual({
      block: { status: 'success', summary: '' },
      outside: ['before', 'same ', ' line', 'after'],
    });
  });

  it('uses the last complete block, and restarts an unclosed one', () => {
    expect(read('<result>one</result>', '<result>two</result>').block?.summary).toBe('two');
    expect(read('an unclosed <result> mark', 'x', '<result>real</result>').block?.summary).toBe('real');
    expect(read('<result>real</result>', 'another <result>').block?.summary).toBe('real');
    expect(read('one <result>', 'two', 'x</result> three <result>', 'four</result> five')).toMatchObject({
      block: { summary: 'four' },
      outside: ['one ', ' five'],
    });
    expect(read('nothing').block).toBeUndefined();
  });
});

describe('plainLine', () => {
  it('strips colours and control characters and counts whole characters', () => {
    expect(plainLine('\u001b[31mred\u001b[0m\ttext\u0000\u0007')).toBe('red text');
    expect(Array.from(plainLine('🚀'.repeat(600)))).toHaveLength(500);
  });
});

describe('ProgressThrottle', () => {
  it('keeps the last of several fast texts, and reports one at a time', async () => {
    const seen: string[] = [];
    let active = 0;
    const throttle = new ProgressThrottle(async (message) => {
      active += 1;
      expect(active).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      active -= 1;
      seen.push(message);
    }, 20);
    for (let i = 0; i < 100; i += 1) throttle.offer(`line ${i}`);
    await throttle.flush();
    expect(seen).toEqual(['line 0', 'line 99']);
  });

  it('drops what cannot be reported and goes on', async () => {
    const seen: string[] = [];
    const throttle = new ProgressThrottle(async (message) => {
      if (message === 'one') throw new Error('unavailable');
      seen.push(message);
    }, 1);
    throttle.offer('one');
    await throttle.flush();
    throttle.offer('two');
    await throttle.flush();
    expect(seen).toEqual(['two']);
  });
});

describe('cleanText', () => {
  const redactor = new Redactor(['secret-value', 'secret-value-longer', 'true', '-----KEY\nabcdefgh\nijklmnop', '']);
  const clean = (text: string) => cleanText(text, redactor, { maxBytes: 1000, keep: 'end' });

  it('replaces secrets and the lines of long ones, the longest first, and leaves short words alone', () => {
    expect(clean('a secret-value-longer b secret-value c true abcdefgh')).toBe(
      'a [redacted] b [redacted] c true [redacted]',
    );
  });

  it('replaces secrets with colours inside, and characters that databases reject', () => {
    expect(clean('key: sec\u001b[31mret-va\u001b[0mlue panic: \u0000 \ud800')).toBe(
      'key: [redacted] panic: \ufffd \ufffd',
    );
  });

  it('leaves no half of a secret where the text is cut', () => {
    for (let beyond = 985; beyond < 1000; beyond += 1) {
      expect(clean(`secret-value${'x'.repeat(beyond)}`)).not.toMatch(/value|ecret/);
    }
  });
});
