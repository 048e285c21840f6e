import { PassThrough } from 'node:stream';
import { OrchestratorError } from '@codegen/sdk/errors';
import { describe, expect, it } from 'vitest';
import { type CommandId, commandTable } from '../../src/command-table.js';
import { commandFields } from '../../src/generated/command-fields.js';
import { flagOf } from '../../src/kit/field.js';
import { Output } from '../../src/kit/output.js';
import { runCommand } from '../../src/kit/run-command.js';
import { makeRuntime } from '../../src/kit/runtime.js';

/** What stands where a number or a word of a list belongs; the last one looks like the parser's own words. */
const VALUES = ['hunter2', 'hunter2 and more', 'hunter2 to be one of: hunter2', '-hunter2', 'x but received: hunter2'];

async function errorOf(id: CommandId, argv: string[]): Promise<OrchestratorError> {
  const output = new Output(new PassThrough(), new PassThrough(), true, () => undefined);
  const { signal } = new AbortController();
  const runtime = makeRuntime({ env: {}, json: true, verbose: false, signal, output });
  const error: unknown = await runCommand(id, argv, runtime).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(OrchestratorError);
  return error as OrchestratorError;
}

describe('a number that is none', () => {
  it.each([
    ['task.watch', ['task_1', '--since', '1s'], '--since takes a whole number'],
    ['task.list', ['--limit', '0'], '--limit takes a whole number of 1 or more'],
    ['task.list', ['--limit', '501'], '--limit takes a whole number of 500 or less'],
  ] as const)('is told with what is: %s %j', async (id, argv, told) => {
    expect((await errorOf(id, [...argv])).message).toBe(told);
  });
});

describe('no error of the parser repeats a value', () => {
  it.each(Object.keys(commandTable) as CommandId[])('of %s', async (id) => {
    const flags = commandFields[id].filter(({ positional }) => positional !== true);
    const picky = flags.filter(({ choices, kind }) => choices !== undefined || kind === 'integer');
    const lines = [
      ...picky.flatMap(({ name }) => VALUES.map((value) => [`${flagOf(name)}=${value}`])),
      ...VALUES.map((value) => [`--no-such-flag=${value}`]),
    ];
    for (const line of lines) {
      const { code, message, choices, next } = await errorOf(id, line);
      expect(code).toBe('USAGE');
      expect(JSON.stringify({ message, choices, next })).not.toContain('hunter2');
    }
  });
});
