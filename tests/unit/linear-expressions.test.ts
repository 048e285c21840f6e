import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { allExpressions, expressionsIn, type FoundExpression } from '../support/regular-expressions.js';

/** Length of a text for which quadratic time takes over 100 ms, and linear time under 1 ms. */
const LENGTH = 10_000;
const TOO_SLOW_MS = 5;
/** Milliseconds after which an expression counts as endless. */
const GIVE_UP_MS = 10_000;

/** Expressions that are built at run time, so that they cannot be tested here: why each takes linear time. */
const PUT_TOGETHER: Record<string, string> = {
  'packages/orchestrator-cli/src/mcp/tool-words.ts': 'fixed words: the names of commands',
  'packages/orchestrator-cli/src/kit/text.ts':
    'one character, or an escape sequence without a repetition that overlaps',
  'packages/sdk/src/queue/progress.ts': 'names of our own streams, anchored at both ends',
  'packages/sdk/src/admin/find-queue.ts': 'names of our own streams, anchored at both ends',
  'services/worker-manager/src/agents-file.ts': 'names of variables, anchored at both ends',
  'examples/agents/demo-agent.js': 'whole lines of fixed words and one run of digits',
  'packages/sdk/src/testing/memory-queue.ts': 'for tests: patterns of our own streams',
};

/** The expressions that take too long, each with such a text. */
async function tooSlow(expressions: readonly FoundExpression[]): Promise<string[]> {
  const script = new URL('../support/time-expression.js', import.meta.url);
  const thread = new Worker(script, { workerData: { expressions, length: LENGTH, tooSlowMs: TOO_SLOW_MS } });
  const slow: string[] = [];
  const told = (at: number, how: string) => {
    const { where, source, flags } = expressions[at] as FoundExpression;
    slow.push(`${where} /${source}/${flags} ${how}`);
  };
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve, reject) => {
    thread.on('message', ({ at, ms, shape }: { at: number; ms?: number; shape?: string }) => {
      clearTimeout(timer);
      if (ms !== undefined && ms > TOO_SLOW_MS) told(at, `on ${JSON.stringify(shape)}…`);
      timer = setTimeout(() => {
        told(at, 'does not end');
        void thread.terminate();
      }, GIVE_UP_MS);
    });
    thread.once('error', reject);
    thread.once('exit', () => resolve());
  });
  clearTimeout(timer);
  return slow;
}

it('every regular expression of the sources takes linear time', async () => {
  const all = allExpressions();
  expect(all.length).toBeGreaterThan(100);
  expect(await tooSlow(all.filter(({ source }) => source !== ''))).toEqual([]);
  const unknown = all.filter(
    ({ source, where }) => source === '' && !((where.split(':')[0] as string) in PUT_TOGETHER),
  );
  expect(unknown, 'write them as literals, or explain here why they are linear').toEqual([]);
}, 60_000);

it('a slow regular expression is found anywhere', async () => {
  const text = `
    // it's /not(a)+b/ one
    const half = a / b / c;
    const text = "/(x+)+y/" + \`/(x+)+y/ \${value.replace(/(\\w+:\\/\\/[^\\s:@/]*:)[^\\s@/]+@/g, '')}\`;
    const ends = (line: string): line is 'a' => /\\s+$/.test(line) || /^[a-z]{1,40}$/.test(line);
    const never = /^(\\w+\\s?)*$/, dynamic = new RegExp(text);
  `;
  const found = expressionsIn(text, 'sample.ts');
  expect(found.map(({ where }) => where)).toEqual([4, 5, 5, 6, 6].map((line) => `sample.ts:${line}`));
  const slow = await tooSlow(found.slice(0, 3));
  expect(slow.map((one) => one.split(' ')[0])).toEqual(['sample.ts:4', 'sample.ts:5']);
});
