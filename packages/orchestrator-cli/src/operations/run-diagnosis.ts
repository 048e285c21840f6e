import { OrchestratorError } from '@codegen/sdk/errors';
import type { Settings } from '../config/settings.js';
import type { Context } from '../kit/context.js';
import { withNext } from '../kit/errors.js';
import type { Runtime } from '../kit/runtime.js';
import { openScreen, type Screen } from '../kit/screen.js';
import { oneLine, pad, widthOf } from '../kit/text.js';
import { type Check, type Checked, type CheckName, runCheck } from './diagnose.js';

/** What all checks found. */
export interface Diagnosis {
  checks: Check[];
}

/** What each check needs stands before it; the chains have nothing in common. */
const CHAINS: readonly (readonly CheckName[])[] = [
  ['api', 'services', 'projects', 'sites'],
  ['redis', 'workers'],
];

/** Where what a check found begins. */
const INDENT = ' '.repeat(12);

/** What every `diagnose` has in common: it runs checks, prints what each found, and ends as the first failed one did. */
export const diagnosisOf = (names: readonly CheckName[]) => ({
  effect: 'read' as const,
  failsWith: ['UNAUTHENTICATED', 'NETWORK', 'UNHEALTHY'] as const,
  run: (_input: object, context: Context) => diagnose(names, context),
  render: renderDiagnosis,
});

async function diagnose(names: readonly CheckName[], context: Context): Promise<Diagnosis> {
  const settings = await context.settings();
  const needsRedis = names.length === 1 && ['redis', 'workers'].includes(names[0] as string);
  if (needsRedis && settings.redisUrl === undefined) throw redisRequired();
  const wanted = CHAINS.map((chain) => chain.filter((name) => names.includes(name)));
  const chains = await Promise.all(wanted.map((chain) => runChain(chain, settings, context.runtime)));
  const checked = names.flatMap((name) => chains.flat().filter(({ check }) => check.check === name));
  const checks = checked.map(({ check }) => check);
  const failed = checked.filter(({ error }) => error !== undefined);
  const [first] = failed;
  if (!first?.error) return { checks };
  const { json, env, output } = context.runtime;
  if (!json) await output.out(`${renderDiagnosis({ checks }, await openScreen(process.stdout, env))}\n`);
  throw withNext(first.error, first.error.next ?? [], { checks });
}

/** One check after another; what the first one could not reach is not asked again by the others. */
async function runChain(chain: readonly CheckName[], settings: Settings, runtime: Runtime): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const name of chain) {
    const cause = checked.find(({ error }) => error !== undefined && error.code !== 'UNHEALTHY')?.check.check;
    const skipped: Checked = {
      check: { check: name, status: 'skipped', detail: `not asked: see ${cause}`, duration_ms: 0 },
    };
    checked.push(cause === undefined ? await runCheck(name, settings, runtime) : skipped);
  }
  return checked;
}

function renderDiagnosis({ checks }: Diagnosis, { columns, paint }: Screen): string {
  const marks = { ok: paint.green('✔'), failed: paint.red('✖'), skipped: paint.dim('·') };
  return checks
    .map(({ check, status, detail, duration_ms, next }) => {
      const step = status === 'ok' && next ? `: ${next.command}` : '';
      const took = status === 'skipped' ? '' : ` ${paint.dim(`${duration_ms} ms`)}`;
      const line = `${oneLine(`${detail}${step}`)}${took}`;
      const fits = INDENT.length + widthOf(line) <= columns;
      return `${marks[status]} ${pad(check, 9)} ${fits ? line : line.replaceAll('; ', `\n${INDENT}`)}`;
    })
    .join('\n');
}

function redisRequired(): OrchestratorError {
  return new OrchestratorError(
    'REDIS_REQUIRED',
    'no Redis URL is known: set ORCHESTRATOR_REDIS_URL, or log in with it',
    {
      next: [{ command: 'orchestrator auth login --help', when: 'to see how a Redis URL is stored' }],
    },
  );
}
