import { OrchestratorError } from '@codegen/sdk/errors';
import { BaseCommand } from './base-command.js';
import type { Settings } from './config/settings.js';
import { type Check, type Checked, type CheckName, runCheck } from './operations/diagnose.js';
import { openScreen, type Screen } from './render/screen.js';
import { oneLine, pad, widthOf } from './render/text.js';
import { withNext } from './translate-error.js';

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

/** `diagnose`: runs checks, prints what each found, and ends as the first failed one did. */
export abstract class DiagnoseCommand extends BaseCommand<Diagnosis> {
  static override failsWith = ['UNAUTHENTICATED', 'NETWORK', 'UNHEALTHY'] as const;
  protected abstract readonly names: readonly CheckName[];

  async run(): Promise<Diagnosis> {
    const { flags } = await this.parse(DiagnoseCommand);
    const settings = await this.settings(flags);
    const needsRedis = this.names.length === 1 && ['redis', 'workers'].includes(this.names[0] as string);
    if (needsRedis && settings.redisUrl === undefined) throw redisRequired();
    const chains = await Promise.all(CHAINS.map((chain) => this.runChain(chain, settings)));
    const checked = this.names.flatMap((name) => chains.flat().filter(({ check }) => check.check === name));
    const checks = checked.map(({ check }) => check);
    const failed = checked.filter(({ error }) => error !== undefined);
    const [first] = failed;
    if (!first?.error) return { checks };
    if (!this.runtime.json) {
      const { env, output } = this.runtime;
      await output.out(`${this.render({ checks }, await openScreen(process.stdout, env))}\n`);
    }
    throw withNext(first.error, first.error.next ?? [], { checks });
  }

  /** One check after another; what the first one could not reach is not asked again by the others. */
  private async runChain(chain: readonly CheckName[], settings: Settings): Promise<Checked[]> {
    const checked: Checked[] = [];
    for (const name of chain.filter((one) => this.names.includes(one))) {
      const cause = checked.find(({ error }) => error !== undefined && error.code !== 'UNHEALTHY')?.check.check;
      const skipped: Checked = {
        check: { check: name, status: 'skipped', detail: `not asked: see ${cause}`, duration_ms: 0 },
      };
      checked.push(cause === undefined ? await runCheck(name, settings, this.runtime) : skipped);
    }
    return checked;
  }

  render({ checks }: Diagnosis, { columns, paint }: Screen): string {
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
