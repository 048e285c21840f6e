import { describe, expect, it } from 'vitest';
import { readRequest, spellOutOptionalValues } from '../../src/argv.js';

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
  const flags = { wait: { type: 'option' }, spec: { type: 'option' }, json: { type: 'boolean' } };
  const spell = (...argv: string[]) => spellOutOptionalValues(argv, flags, ['wait']);

  it('means no limit alone, and what is written with it otherwise', () => {
    expect(spell('--wait')).toEqual(['--wait=unlimited']);
    expect(spell('--wait', '--json')).toEqual(['--wait=unlimited', '--json']);
    expect(spell('--wait=15m')).toEqual(['--wait=15m']);
    expect(spell('--wait', '15m', '--json')).toEqual(['--wait=15m', '--json']);
  });

  it('is no flag where it is the value of another, or behind --', () => {
    expect(spell('--spec', '--wait')).toEqual(['--spec', '--wait']);
    expect(spell('--', '--wait')).toEqual(['--', '--wait']);
  });
});
