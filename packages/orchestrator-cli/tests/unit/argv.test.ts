import { describe, expect, it } from 'vitest';
import type { Field } from '../../src/kit/field.js';
import { completeInput, parseInput } from '../../src/kit/parse.js';
import { readRequest } from '../../src/kit/request.js';

describe('a command line', () => {
  it('names a command with its words, wherever global flags stand', () => {
    expect(readRequest(['project', 'list', '--limit', '3'], {})).toMatchObject({
      command: 'project.list',
      argv: ['--limit', '3'],
    });
    expect(readRequest(['--json', '--profile', 'ci', 'project', 'get', 'x'], {})).toMatchObject({
      command: 'project.get',
      argv: ['--json', '--profile', 'ci', 'x'],
      json: true,
    });
  });

  it('takes the longest command that its words name', () => {
    expect(readRequest(['diagnose'], {}).command).toBe('diagnose');
    expect(readRequest(['diagnose', 'api'], {}).command).toBe('diagnose.api');
  });

  it('may join topic and verb with a colon', () => {
    expect(readRequest(['project:list'], {})).toMatchObject({ command: 'project.list', argv: [] });
  });

  it('leaves a colon in an argument alone', () => {
    expect(readRequest(['project', 'get', 'a:b'], {}).argv).toEqual(['a:b']);
  });

  it('names a flag before words that are no command, for one of them may be its value', () => {
    expect(readRequest(['--token=x', 'y', 'project', 'list'], {}).strayFlag).toBe('--token');
    expect(readRequest(['--dry-run', 'project', 'create', 'x'], {}).strayFlag).toBeUndefined();
    expect(readRequest(['--profile', '-x', '--json', 'projct'], {}).strayFlag).toBeUndefined();
  });

  it('names no command by words of an object', () => {
    expect(readRequest(['constructor'], {}).command).toBeUndefined();
    expect(readRequest(['__proto__'], {}).command).toBeUndefined();
  });

  it('asks for JSON by flag or environment, but not behind --', () => {
    expect(readRequest(['project', 'list', '--json'], {}).json).toBe(true);
    expect(readRequest(['project', 'list'], { ORCHESTRATOR_JSON: '1' }).json).toBe(true);
    expect(readRequest(['project', 'list'], { ORCHESTRATOR_JSON: '0' }).json).toBe(false);
    expect(readRequest(['project', 'get', '--', '--json'], {}).json).toBe(false);
  });

  it('asks for help by flag or word', () => {
    expect(readRequest(['project', 'list', '--help'], {})).toMatchObject({ command: 'project.list', help: true });
    expect(readRequest(['help', 'project', 'list'], {})).toMatchObject({ command: 'project.list', help: true });
    expect(readRequest(['help'], {})).toMatchObject({ words: [], help: true });
  });

  it('asks for the version only without a command', () => {
    for (const asked of ['--version', '-v', '-V', 'version']) expect(readRequest([asked], {}).version).toBe(true);
    expect(readRequest(['project', 'list', '--version'], {}).version).toBe(false);
  });
});

describe('a flag with an optional value', () => {
  const text = { kind: 'text', description: '' } as const;
  const parsed = (...argv: string[]) =>
    parseInput(argv, [
      { ...text, name: 'task', positional: true },
      { ...text, name: 'wait', valueOptional: true },
      { ...text, name: 'spec' },
      { ...text, name: 'json', kind: 'boolean' },
    ]);

  it('means no limit alone, and what is written with it otherwise', async () => {
    expect(await parsed('--wait')).toEqual({ wait: 'unlimited' });
    expect(await parsed('--wait', '--json')).toEqual({ wait: 'unlimited', json: true });
    expect(await parsed('--wait', 'task_1')).toEqual({ wait: 'unlimited', task: 'task_1' });
    expect(await parsed('--wait=15m')).toEqual({ wait: '15m' });
    expect(await parsed('--wait', '15m', '--json')).toEqual({ wait: '15m', json: true });
  });

  it('is no flag behind --', async () => {
    expect(await parsed('--', '--wait')).toEqual({ task: '--wait' });
  });

  it('is not taken for the value of another', async () => {
    await expect(parsed('--spec', '--wait')).rejects.toMatchObject({
      code: 'USAGE',
      message: 'Flag --spec expects a value',
    });
  });
});

describe('the input of a command', () => {
  const fields: Field[] = [
    { name: 'name', kind: 'text', description: '', positional: 'Which' },
    { name: 'dry_run', kind: 'boolean', description: '' },
    { name: 'set', kind: 'text', description: '', multiple: true },
    { name: 'modules', kind: 'text', description: '', multiple: true, separator: ',', choices: ['a', 'b'] },
    { name: 'limit', kind: 'integer', description: '', min: 1, preset: 50, excludes: ['all'] },
    { name: 'all', kind: 'boolean', description: '' },
    { name: 'code', kind: 'text', description: '', needs: ['all'] },
    { name: 'reason', kind: 'text', description: '', required: true, mayBeEmpty: true },
  ];
  const input = async (...argv: string[]) => completeInput(await parseInput(argv, fields), fields);

  it('has what was given, and the defaults', async () => {
    expect(await input('x', '--dry-run', '--set', 'a=1', '--set', 'b=2', '--modules', 'a,b', '--reason=')).toEqual({
      name: 'x',
      dry_run: true,
      set: ['a=1', 'b=2'],
      modules: ['a', 'b'],
      limit: 50,
      reason: '',
    });
    expect(await input('--name', 'y', '--reason', 'r', '--limit', '7')).toEqual({ name: 'y', reason: 'r', limit: 7 });
  });

  it.each([
    [['--name=', '--reason=r'], '--name is given, but empty: give it a value or leave it out'],
    [['--reason=r', '--limit', '3', '--all'], '--limit and --all exclude each other'],
    [['--reason=r', '--code', 'c'], '--code needs --all'],
    [['--modules', 'a,zzzz'], '--modules must be one of: a, b'],
    [['--limit', '0'], '--limit takes a whole number of 1 or more'],
    [['x', 'y'], 'there are more arguments than this command takes; quote text with spaces'],
    [['--resaon', 'r'], 'unknown flag --resaon'],
    [['--reason', 'a', '--reason', 'b'], 'Flag --reason can only be specified once'],
    [['x'], '--reason is needed'],
  ])('is refused where it does not fit: %j', async (argv, message) => {
    await expect(input(...argv)).rejects.toMatchObject({ message, exitCode: 2 });
  });
});
