import { describe, expect, it } from 'vitest';
import { type CommandId, commandTable, entryOf, loadCommand } from '../../src/command-table.js';
import { callTool } from '../../src/mcp/call-tool.js';
import { knownFields } from '../../src/mcp/known-fields.js';
import { offer } from '../../src/mcp/offer.js';
import { argvOf, fieldsOf } from '../../src/mcp/tool-input.js';
import { toolName } from '../../src/mcp/tool-of.js';

const ids = Object.keys(commandTable) as CommandId[];
const all = offer(undefined, ['*']).ids;

describe('the inputs of tools', () => {
  it('are known by names that their commands have', async () => {
    for (const [id, fields] of Object.entries(knownFields)) {
      const names = [...fieldsOf(await loadCommand(id as CommandId)).keys()];
      expect(names, id).toEqual(expect.arrayContaining(Object.keys(fields)));
    }
  });

  it('become the command line that stands for them', async () => {
    const argv = async (id: CommandId, input: object) => argvOf(id, await loadCommand(id), input);

    expect(
      await argv('project.create', { name: 'shop', description: '--json', modules: ['backend'], dry_run: true }),
    ).toEqual([...['--no-input', '--description=--json', '--modules=backend', '--dry-run', '--', 'shop']]);
    expect(await argv('task.list', { limit: 7, status: 'failed' })).toEqual([
      '--no-input',
      '--status=failed',
      '--limit=7',
    ]);
    expect(await argv('task.logs', { task: 'task_1', follow: false })).toEqual(['--no-input', '--', 'task_1']);
  });

  it('leave out what reads files, and waiting, for which there are tools', async () => {
    for (const id of ids) {
      const names = [...fieldsOf(await loadCommand(id)).keys()];
      for (const name of ['input', 'spec_file', 'wait', 'json', 'profile', 'api_url'])
        expect(names, id).not.toContain(name);
    }
    for (const id of all) {
      const named = [...fieldsOf(await loadCommand(id))].filter(
        ([name, { shape }]) => /file|folder|dir$|^out$/.test(name) || /FILE|DIR/.test(String(shape.helpValue)),
      );
      expect(named, id).toEqual([]);
    }
  });
});

describe('the names of tools', () => {
  it('are different, and of commands that have no reason to be left out', () => {
    const names = all.map(toolName);

    expect(new Set(names).size).toBe(names.length);
    const leftOut = ids.filter((id) => entryOf(id).notInMcp !== undefined);
    expect(names.length + leftOut.length).toBe(ids.length);
    expect(leftOut).toEqual(expect.arrayContaining(['mcp', 'auth.login', 'auth.key.create', 'contracts.validate']));
  });
});

describe('what is offered', () => {
  it('holds a worker to no variables where only its command is named', () => {
    expect(offer(undefined, ['worker.create']).granted).not.toContain('worker.create.env');
    expect(offer(undefined, ['worker.*']).granted).not.toContain('worker.create.env');
    expect(offer(undefined, ['worker.*', 'worker.create.env']).granted).toContain('worker.create.env');
    expect(offer('DEVOPS', ['worker.*', 'worker.create.env']).granted).not.toContain('worker.create.env');
    expect(offer('', ['*']).ids).toEqual([]);
  });
});

describe('a call', () => {
  it('that was taken back before it began is an answer too', async () => {
    const context = { env: {}, signal: AbortSignal.abort(), progress: () => undefined };
    const { isError, structuredContent } = await callTool('project.list', {}, context);

    expect(isError).toBe(true);
    expect(structuredContent).toMatchObject({ ok: false, command: 'project list' });
  });

  it('of a command that is not allowed is refused, though the tool was asked for', async () => {
    const context = {
      env: { ALLOWED_COMMANDS: 'task.*' },
      signal: new AbortController().signal,
      progress: () => undefined,
    };
    const { structuredContent } = await callTool('project.list', {}, context);

    expect(structuredContent).toMatchObject({ error: { code: 'COMMAND_NOT_ALLOWED', exit_code: 6 } });
  });
});
