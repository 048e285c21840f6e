import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type CommandId, commandName, commandTable } from '../../src/command-table.js';
import { complete } from '../../src/completion/complete.js';
import { readTypedLine, wordForBash } from '../../src/input/typed-line.js';
import { describeCommand } from '../../src/kit/help.js';
import { Output } from '../../src/kit/output.js';
import { makeRuntime } from '../../src/kit/runtime.js';

const env = { ORCHESTRATOR_CONFIG_DIR: '/nonexistent', HOME: '/nonexistent' };

/** What may come behind a line, as words; or what the shell completes itself. */
async function after(line: string, variables: NodeJS.ProcessEnv = {}): Promise<string[] | string> {
  const output = new Output(new PassThrough(), new PassThrough(), false, () => undefined);
  const { signal } = new AbortController();
  const runtime = makeRuntime({ env: { ...env, ...variables }, json: false, verbose: false, signal, output });
  const found = await complete(readTypedLine(line), runtime);
  return typeof found === 'string' ? found : found.map(({ value }) => value);
}

describe('what may come behind a line', () => {
  it.each(Object.keys(commandTable) as CommandId[])('%s: all of its flags', async (id) => {
    const { flags } = await describeCommand(id);

    expect(await after(`orchestrator ${commandName(id)} -`)).toEqual([...flags.map(({ name }) => name), '--help']);
  });

  it.each([
    ['orchestrator que', ['queue']],
    ['orchestrator queue d', ['dlq']],
    ['orchestrator queue dlq ', ['list', 'replay', 'purge']],
    ['orchestrator help queue dlq p', ['purge']],
    ['orchestrator diagnose ap', ['api']],
    ['orchestrator diagnose api ap', []],
    ['orchestrator nonsense ', []],
    ['orchestrator --pro', ['--profile']],
    ['orchestrator --api-url x --json project g', ['get']],
    ['orchestrator project --json g', []],
    ['TOKEN=x A=b orchestrator project g', ['get']],
    ['"orchestrator" \'project\' g', ['get']],
  ])('%s: the words of commands', async (line, words) => {
    expect(await after(line)).toEqual(words);
  });

  it.each([
    ['orchestrator task list --type ', ['engineering', 'deploy']],
    ['orchestrator task list --type=d', ['--type=deploy']],
    ['orchestrator task list --no-such=d', []],
    ['orchestrator task list --json=d', []],
    ['orchestrator task list --type deploy --typ', ['--type']],
    ['orchestrator queue stats -- engineering', ['engineering:queue']],
    ['orchestrator queue stats -- --js', []],
    ['orchestrator queue stats engineering:queue eng', []],
    ['orchestrator engineering start --wait --spec-f', ['--spec-file']],
    ['orchestrator engineering start --spec-file ', 'file'],
    ['orchestrator engineering start --spec-file=no', 'file'],
    ['orchestrator worker send-file w ', 'file'],
    ['orchestrator worker send-file w f ', []],
    ['orchestrator up --data-dir ', 'folder'],
    ['orchestrator completion f', ['fish']],
  ])('%s: values and flags', async (line, words) => {
    expect(await after(line)).toEqual(words);
  });

  it('nothing that ALLOWED_COMMANDS does not allow', async () => {
    const only = { ALLOWED_COMMANDS: 'queue.dlq.list' };

    expect(await after('orchestrator ', only)).toEqual(['queue', 'help']);
    expect(await after('orchestrator queue dlq ', only)).toEqual(['list']);
    expect(await after('orchestrator queue dlq purge -', only)).toEqual([]);
  });
});

describe('a line that is typed', () => {
  it.each([
    ['a b', { words: ['a'], current: 'b', quote: '' }],
    ['a b ', { words: ['a', 'b'], current: '', quote: '' }],
    ['', { words: [], current: '', quote: '' }],
    ['a  "b c" d\\ e', { words: ['a', 'b c'], current: 'd e', quote: '' }],
    ['a "b \\"c', { words: ['a'], current: 'b "c', quote: '"' }],
    ["a 'b \\c", { words: ['a'], current: 'b \\c', quote: "'" }],
    ['a b\\', { words: ['a'], current: 'b', quote: '' }],
    ['a "" ', { words: ['a', ''], current: '', quote: '' }],
  ])('%s', (line, expected) => {
    expect(readTypedLine(line)).toMatchObject(expected);
  });

  it.each([
    ['a --x=b', '--x=bcd', 'bcd'],
    ['a q:', 'q:r', 'r'],
    ['a q\\:', 'q:r', 'q:r'],
    ['a ', "it's $(x) `y`\t!", "it\\'s\\ \\$\\(x\\)\\ \\`y\\`\\\t\\!"],
    ['a "my ', 'my name', 'my name'],
    ['a --x="my ', '--x=my name', 'my name'],
  ])('%s is replaced in bash from where bash begins a word', (line, word, expected) => {
    expect(wordForBash(word, readTypedLine(line, ' \t\n"\'@><=;|&(:'))).toBe(expected);
  });
});
