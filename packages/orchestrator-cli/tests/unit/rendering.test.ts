import { OrchestratorError } from '@codegen/sdk/errors';
import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { type Column, renderTable } from '../../src/kit/table.js';
import { cut, manyLines, oneLine, pad, widthOf } from '../../src/kit/text.js';
import { withoutHint } from '../../src/permitted-steps.js';
import { renderError } from '../../src/render/error.js';
import { renderFigures } from '../../src/render/queue.js';

const plain = new Chalk({ level: 0 });

describe('text from elsewhere', () => {
  it('loses what could move the cursor, colour, hide or reorder', () => {
    expect(oneLine('a\u001b[2J\u001b[31mb\u001b]0;title\u0007c\r\nd\te\u0007\u009b\u202ef')).toBe('abc d ef');
  });

  it('keeps its line breaks where it may have several', () => {
    expect(manyLines('a\u001b[1mb\r\nc\u0000d\n')).toBe('ab\ncd\n');
  });
});

describe('width', () => {
  it('counts columns: wide characters two, accents and colours none', () => {
    expect(widthOf('abc')).toBe(3);
    expect(widthOf('日本語')).toBe(6);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('👩‍💻')).toBe(2);
    for (const wide of ['✅', '⭐', '⚡', '⌚', '🇩🇪', '❤️', '1️⃣', '🀄', '🟢', '👍🏽']) {
      expect([wide, widthOf(wide)]).toEqual([wide, 2]);
    }
    for (const narrow of ['✓', '→', '…', '❤', '☆', 'ﾊ', '🇩']) expect([narrow, widthOf(narrow)]).toEqual([narrow, 1]);
    expect(widthOf('\u001b[31mred\u001b[39m')).toBe(3);
  });

  it('is what cutting and padding go by', () => {
    expect(cut('日本語テスト', 7)).toBe('日本語…');
    expect(cut('short', 7)).toBe('short');
    expect(widthOf(pad('日本', 7))).toBe(7);
  });
});

describe('a table', () => {
  interface Row {
    id: string;
    text: string;
  }
  const columns: Column<Row>[] = [
    { title: 'ID', value: ({ id }) => id, whole: true },
    { title: 'TEXT', value: ({ text }) => text },
  ];
  const rows = [
    { id: 'task_0123456789', text: 'x'.repeat(100) },
    { id: 'task_1', text: '日本語\u001b[2J'.repeat(20) },
  ];

  it('fits the screen and keeps ids whole', () => {
    const lines = renderTable(rows, columns, { columns: 80, paint: plain }).split('\n');

    expect(lines).toHaveLength(3);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
    expect(lines[1]).toContain('task_0123456789  xxx');
    expect(lines[1]?.endsWith('…')).toBe(true);
  });

  it('has a row on several lines where ids leave no room beside them, and fits still', () => {
    const id = `task_${'0198'.repeat(9)}`;
    const task = {
      id,
      project: `proj_${'a'.repeat(36)}`,
      type: 'engineering',
      status: 'completed',
      why: 'because '.repeat(20),
    };
    const fields: Column<typeof task>[] = [
      { title: 'TASK', value: (row) => row.id, whole: true },
      { title: 'TYPE', value: (row) => row.type },
      { title: 'PROJECT', value: (row) => row.project, whole: true },
      { title: 'STATUS', value: (row) => row.status },
      { title: 'WHY', value: (row) => row.why },
    ];

    for (const columns of [40, 60, 80, 100]) {
      const lines = renderTable([task, task], fields, { columns, paint: plain }).split('\n');
      for (const line of lines) {
        if (!line.trim().startsWith(id)) expect(widthOf(line), line).toBeLessThanOrEqual(Math.max(columns, 43));
      }
      for (const whole of [id, task.project]) expect(lines.filter((line) => line.includes(whole))).toHaveLength(2);
      for (const word of ['engineering', 'completed', 'because because']) {
        expect(
          lines.filter((line) => line.includes(word)),
          word,
        ).toHaveLength(2);
      }
    }
    const narrow = renderTable([task], fields, { columns: 60, paint: plain }).split('\n');
    expect(narrow[0]).toBe('TASK');
    expect(narrow.slice(1, 4)).toEqual(['  PROJECT', '  TYPE         STATUS     WHY', id]);
  });

  it('cuts nothing where no terminal is', () => {
    const text = renderTable(rows, columns, { columns: Number.POSITIVE_INFINITY, paint: plain });

    expect(text).toContain('x'.repeat(100));
  });
});

const counts = { length: 0, waiting: 0, pending: 0, delayed: 0, dead_letters: 0, consumers: 0 };
const ages = { oldest_waiting_ms: null, oldest_pending_ms: null };
const one = (stream: string, kind: 'work' | 'log' = 'work') => ({ stream, kind, group: 'workers', ...counts, ...ages });

it('figures of the logs of many workers are one line', () => {
  const logs = ['worker:a-1:log', 'task:events', 'worker:b-2:log'].map((stream) => ({
    ...one(stream, 'log'),
    length: 4,
  }));
  const text = renderFigures([one('a:queue'), ...logs], { columns: 60, paint: plain });

  expect(text.split('\n').slice(-2)).toEqual([
    expect.stringMatching(/^task:events +4 *$/),
    expect.stringMatching(/^worker:\*:log \(2 of them\) +8 *$/),
  ]);
});

it('figures of a queue that cannot be read are no zeroes', () => {
  const figures = [one('a:queue'), { ...one('b:queue'), error: 'b:queue is no stream' }];
  const lines = renderFigures(figures, { columns: 80, paint: plain }).split('\n');

  expect(lines[1]).toMatch(/^a:queue +0 .*0 *$/);
  expect(lines[2]).toMatch(/^b:queue +\? +\? +\? +\? +\? +\? *$/);
  expect(lines.at(-1)).toBe('b:queue is no stream');
});

describe('an error', () => {
  const command = `orchestrator project get ${'x'.repeat(50)} --profile a-profile`;
  const error = new OrchestratorError('NOT_CONFIGURED', 'word '.repeat(30).trim(), {
    choices: ['one', 'two'],
    details: { errors: [{ path: 'a', message: 'is wrong '.repeat(12).trim() }] },
  });
  const text = (columns: number, line = command) => {
    return renderError(error, [{ command: line, when: 'x' }], { columns, paint: plain });
  };

  it.each([60, 80])(
    'hangs below its first line in a terminal of %i columns; what is pasted stays one line',
    (columns) => {
      const lines = text(columns).split('\n');

      expect(lines[0]).toMatch(/^Error: word word/);
      expect(lines[1]).toMatch(/^ {7}word/);
      expect(lines.findIndex((line) => /^ {2}a: is wrong/.test(line))).toBeGreaterThan(1);
      expect(lines.findIndex((line) => /^ {4}(?:is|wrong)/.test(line))).toBeGreaterThan(2);
      expect(lines.slice(-3)).toEqual(['One of: one, two', 'Try:', command]);
      for (const line of lines.slice(0, -1)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(text(columns, 'orchestrator up')).toMatch(/\nTry: orchestrator up$/);
    },
  );

  it('is not wrapped elsewhere', () => {
    expect(text(Number.POSITIVE_INFINITY).split('\n')).toEqual([
      `Error: ${error.message} (NOT_CONFIGURED)`,
      `  a: ${'is wrong '.repeat(12).trim()}`,
      'One of: one, two',
      `Try: ${command}`,
    ]);
  });
});

describe('what is not wanted of a text', () => {
  const quietly = (text: string, data: unknown = {}, env = {}) =>
    withoutHint(text, data, { env, system: {}, quiet: true });

  it('is the command that comes next, with --quiet', () => {
    expect(quietly('added\n\n\u001b[1mNext:\u001b[22m orchestrator project list')).toBe('added');
    expect(quietly('\u001b[2mNo tasks. Next: orchestrator task list\u001b[22m')).toBe('\u001b[2mNo tasks.\u001b[22m');
    expect(quietly('Ready\n\nNext: orchestrator up\nHelp: orchestrator --help')).toBe('Ready');
  });

  it('is no line of somebody else', () => {
    for (const text of ['done\nNext: orchestrator up', 'Next: do it', 'Next: orchestrator up\nor not']) {
      expect(quietly(text, { text })).toBe(text);
      expect(withoutHint(text, { text }, { env: { ALLOWED_COMMANDS: '' }, system: {}, quiet: false })).toBe(text);
    }
  });
});
