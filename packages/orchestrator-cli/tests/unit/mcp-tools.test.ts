import { describe, expect, it } from 'vitest';
import { type CommandId, commandName, commandTable, entryOf } from '../../src/command-table.js';
import { commandFields } from '../../src/generated/command-fields.js';
import { loadCommand } from '../../src/generated/load-command.js';
import { completeInput } from '../../src/kit/parse.js';
import { callTool } from '../../src/mcp/call-tool.js';
import { offer } from '../../src/mcp/offer.js';
import { checkedInput, toolInput } from '../../src/mcp/tool-input.js';
import { toolOf } from '../../src/mcp/tool-of.js';
import { toolSteps, withToolSteps } from '../../src/mcp/tool-step.js';
import { inputNames, toolName, toolText } from '../../src/mcp/tool-words.js';

const ids = Object.keys(commandTable) as CommandId[];
const all = offer(undefined, ['*'], undefined).ids;

describe('the inputs of tools', () => {
  it.each([
    ['worker.send', { worker: 'w', message: 'm', idempotency_key: '' }],
    ['task.list', { project: '' }],
  ] as const)('of %s may not be empty, as on a command line', async (id, given) => {
    const input = checkedInput(toolInput(await loadCommand(id)), given);
    expect(() => completeInput(input, commandFields[id])).toThrow(/ is given, but empty/);
  });

  it('become the input of the command, checked as the contracts say', async () => {
    const input = async (id: CommandId, given: object) => checkedInput(toolInput(await loadCommand(id)), given);

    expect(await input('project.create', { name: 'shop', description: '--json', dry_run: true })).toEqual({
      name: 'shop',
      description: '--json',
      dry_run: true,
      no_input: true,
    });
    expect(await input('task.list', { limit: 7, status: 'failed' })).toEqual({
      limit: 7,
      status: 'failed',
      no_input: true,
    });
    await expect(input('project.create', { name: 'no name!' })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(input('project.get', {})).rejects.toMatchObject({
      message: 'project is needed (The project: its id or name)',
    });
  });

  it('leave out what reads files, and waiting, for which there are tools', async () => {
    for (const id of ids) {
      const names = Object.keys(toolInput(await loadCommand(id)).shape);
      for (const name of ['input', 'spec_file', 'wait', 'json', 'profile', 'api_url'])
        expect(names, id).not.toContain(name);
    }
    for (const id of all) {
      const names = Object.keys(toolInput(await loadCommand(id)).shape);
      const files = commandFields[id].filter(({ value = '' }) => /FILE|DIR/.test(value)).map(({ name }) => name);
      const named = names.filter((name) => /file|folder|dir$|^out$/.test(name) || files.includes(name));
      expect(named, id).toEqual([]);
    }
  });
});

describe('the words of tools', () => {
  const SHELL = /--\w|\bCtrl-C|[A-Z]+_[A-Z_]+|\.orchestrator\.json|\b[Ee]xits?\b|standard input|\bterminal\b/;
  const typed = ids.filter((id) => id.includes('.') && all.includes(id)).map(commandName);

  it('speak of their own inputs and of other tools, not of a command line', async () => {
    for (const id of all) {
      const { description = '', inputSchema } = toolOf(await loadCommand(id));
      const fields = Object.entries((inputSchema.properties ?? {}) as Record<string, { description?: string }>);
      for (const [name, text] of [
        ['', description],
        ...fields.map(([name, field]) => [name, field.description ?? '']),
      ]) {
        expect(text, `${id} ${name}`).not.toMatch(SHELL);
        expect(text, `${id} ${name}`).not.toMatch(/^[;,]|\s[;.](?:\s|$)|\s{2}/);
        for (const words of typed) expect(text, `${id} ${name}`).not.toMatch(new RegExp(`\\b${words}\\b`));
        expect(name === '' || text !== '', `${id} ${name} is described`).toBe(true);
      }
    }
  });

  it('are those of the command, where they are true of a tool', () => {
    const fields = new Set(['since', 'all', 'turn_timeout']);
    const told = (text: string) => toolText(text, fields);

    expect(told('Goes on with --since SEQ; ends at Ctrl-C. Exits with 1.')).toBe('Goes on with since.');
    expect(told('With --json a line; see task list (ORCHESTRATOR_PROJECT).')).toBe('See task_list.');
    expect(told('With --all, or --turn-timeout. Then `--wait`.')).toBe('With all, or turn_timeout.');
    expect(told('custom by default; - for standard input')).toBe('custom by default');
  });
});

describe('the inputs that a text names', () => {
  it('stand for flags, but not within a line to paste', () => {
    const fields = new Set(['project', 'file']);
    const line = 'orchestrator secret set STRIPE_KEY --project proj_1';

    expect(inputNames(`--file FILE is needed: ${line}; or --project`, fields)).toBe(
      `file is needed: ${line}; or project`,
    );
    expect(inputNames(`it waits (${line}) for --file`, fields)).toBe(`it waits (${line}) for file`);
    expect(inputNames(`it waits: ${line}`, fields)).toBe(`it waits: ${line}`);
  });
});

describe('the steps of answers', () => {
  const steps = (command: string, allowed = '*') => toolSteps([{ command, when: 'x' }], { ALLOWED_COMMANDS: allowed });

  it.each([
    ['orchestrator task list', 'task_list', {}],
    [
      "/opt/x/orchestrator project create 'a b' --description=it\\'s",
      'project_create',
      { name: 'a b', description: "it's" },
    ],
    ['orchestrator task cancel --profile ci task_1 --wait', 'task_cancel', { task: 'task_1' }],
    [
      'orchestrator engineering start --project PROJECT --spec TEXT --wait',
      'engineering_start',
      {},
      ['project', 'spec'],
    ],
    ['orchestrator worker delete w1 --yes', 'worker_delete', { worker: 'w1', yes: true }],
    ['orchestrator task watch task_1 --since 7', 'task_watch', { task: 'task_1', since: 7 }],
    ['orchestrator queue publish q --set a=1 --set b=2', 'queue_publish', { queue: 'q', set: ['a=1', 'b=2'] }],
  ])('call a tool for: %s', async (command, tool, input, fill_in: string[] | undefined = undefined) => {
    expect(await steps(command)).toEqual([{ tool, arguments: input, ...(fill_in && { fill_in }), when: 'x' }]);
  });

  it('are for a person where no tool here does it, and none where a tool’s own list tells it', async () => {
    for (const command of ['orchestrator auth login', 'unset ORCHESTRATOR_TOKEN', 'df -h', 'orchestrator --help'])
      expect(await steps(command)).toEqual([{ for_a_person: command, when: 'x' }]);
    const list = 'orchestrator task list';
    expect(await steps(list, 'task.get')).toEqual([{ for_a_person: list, when: 'x' }]);
    expect(await steps('orchestrator task list --help')).toEqual([]);
  });

  it('are also those in data, which is left as it is where a message only looks like that', async () => {
    const step = { command: 'orchestrator task list', when: 'x' };
    const peeked = { items: [{ message: { next: step } }] };

    expect(await withToolSteps({ checks: [{ next: step }] }, {})).toEqual({
      checks: [{ next: { tool: 'task_list', arguments: {}, when: 'x' } }],
    });
    expect(await withToolSteps(peeked, {})).toEqual(peeked);
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
    expect(offer(undefined, ['worker.create'], undefined).granted).not.toContain('worker.create.env');
    expect(offer(undefined, ['worker.*'], undefined).granted).not.toContain('worker.create.env');
    expect(offer(undefined, ['worker.*', 'worker.create.env'], undefined).granted).toContain('worker.create.env');
    expect(offer('DEVOPS', ['worker.*', 'worker.create.env'], undefined).granted).not.toContain('worker.create.env');
    expect(offer('', ['*'], undefined).ids).toEqual([]);
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
