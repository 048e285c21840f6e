import { Chalk } from 'chalk';
import { describe, expect, it } from 'vitest';
import { type CommandId, commandName, commandTable } from '../../src/command-table.js';
import { commandFields, globalFields } from '../../src/generated/command-fields.js';
import { type CommandHelp, describeCommand, helpFor, renderHelp } from '../../src/kit/help.js';
import { parseInput } from '../../src/kit/parse.js';
import { readRequest } from '../../src/kit/request.js';
import { widthOf } from '../../src/kit/text.js';
import { listTopics } from '../../src/kit/topics.js';
import { wrapCommand } from '../../src/kit/wrap.js';
import { commandsOf } from '../support/example-words.js';

const ids = Object.keys(commandTable) as CommandId[];
const plain = new Chalk({ level: 0 });
const parts = [...new Set(ids.flatMap((id) => id.split('.').map((_, at, words) => words.slice(0, at + 1).join('.'))))];

/** Parses a command line as the command itself does, and does nothing with it. */
function parsed(id: CommandId, argv: readonly string[]): Promise<unknown> {
  return parseInput(argv, [...commandFields[id], ...globalFields]);
}

describe('help', () => {
  it.each(ids)('of %s has examples, exit codes and a description of every flag', async (id) => {
    const help = await describeCommand(id);

    expect(help.examples.length).toBeGreaterThan(0);
    for (const example of help.examples) expect(example).toContain(`orchestrator ${commandName(id)}`);
    for (const { description } of [...help.flags, ...help.arguments]) expect(description).not.toBe('');
    expect(help.summary).not.toMatch(/\.$/);
    expect(help.exit_codes.length).toBeGreaterThan(3);
  });

  it.each(ids)('of %s has examples that its parser takes', async (id) => {
    const { examples } = await describeCommand(id);

    for (const example of examples) {
      const own = commandsOf(example).filter(([program]) => program === 'orchestrator');
      expect(own.length, example).toBeGreaterThan(0);
      for (const [, ...words] of own) {
        const { command, argv } = readRequest(words, {});
        expect(command, example).toBe(id);
        await expect(parsed(id, argv), example).resolves.toBeTypeOf('object');
      }
    }
  });

  it('would notice an example that its parser refuses', async () => {
    await expect(parsed('task.list', ['--status', 'asleep'])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(parsed('task.list', ['--sttaus', 'failed'])).rejects.toMatchObject({ code: 'USAGE' });
    await expect(parsed('task.list', ['surplus'])).rejects.toMatchObject({ code: 'USAGE' });
    expect(readRequest(['task', 'lits'], {}).command).toBeUndefined();
  });

  it.each([40, 50, 80, 120])('fits %i columns, whatever it is about', async (columns) => {
    const screen = { columns, paint: plain };
    const datas = [...parts.map((part) => [undefined, part] as const), ...ids.map((id) => [id, undefined] as const)];

    for (const [id, topic] of [...datas, [undefined, undefined] as const]) {
      const { render } = await helpFor(id, topic);
      // A quoted text, a path or an id of an example cannot be broken; anything else can.
      const lines = render(screen)
        .split('\n')
        .filter((line) => !/^ +("[^"]*"|'[^']*'|\S*\/\S*|\S{30,})( \\)?$/.test(line));
      for (const line of lines) expect(widthOf(line), line).toBeLessThanOrEqual(columns);
    }
  });

  it('of everything names every command and stays on one screen', async () => {
    const { render } = await helpFor(undefined, undefined);
    const text = render({ columns: 80, paint: plain });

    for (const { topic, verbs } of listTopics()) {
      expect(text).toContain(`\n  ${topic} `);
      for (const verb of verbs) expect(text.replace(/\n +/g, ' ')).toContain(verb);
    }
    expect(text.split('\n').length).toBeLessThanOrEqual(32);
  });

  it('of a topic, or of a part of one, lists its commands', async () => {
    for (const part of parts) {
      const { render } = await helpFor(undefined, part);
      const text = render({ columns: 80, paint: plain });
      for (const id of ids.filter((one) => one === part || one.startsWith(`${part}.`))) {
        expect(text).toContain(`  ${commandName(id)}`);
      }
    }
  });

  it('is plain data, from which the same text can be made elsewhere', async () => {
    for (const [id, topic] of [...ids.map((one) => [one, undefined] as const), [undefined, 'task'] as const]) {
      const { data, render } = await helpFor(id, topic);
      const copy = JSON.parse(JSON.stringify(data)) as CommandHelp;

      expect(copy).toEqual(data);
      expect(renderHelp(copy, { columns: 80, paint: plain })).toBe(render({ columns: 80, paint: plain }));
    }
  });
});

describe('an example in help', () => {
  it('can be pasted however often it was wrapped', () => {
    const example = 'orchestrator engineering start --project todo-api --spec "Lists with deadlines" --wait';
    const wrapped = wrapCommand(example, { columns: 40, paint: plain });

    expect(wrapped.split('\n').length).toBeGreaterThan(2);
    expect(wrapped.replace(/ \\\n +/g, ' ')).toBe(example);
    expect(wrapped).toContain('--spec "Lists with deadlines"');
  });
});

describe('a mistyped value of a flag', () => {
  it('is told what may be meant, best first, and is not repeated', async () => {
    await expect(parsed('task.list', ['--status', 'compleetd'])).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/^--status must be one of: .*; did you mean completed\?$/),
      choices: expect.arrayContaining(['completed', 'failed']),
    });
    await expect(parsed('task.list', ['--status', 'hunter22'])).rejects.toMatchObject({
      message: expect.not.stringMatching(/hunter|did you mean/),
    });
  });
});
