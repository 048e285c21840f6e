import { OrchestratorError } from '@codegen/sdk/errors';
import { BaseCommand } from './base-command.js';
import { type Check, type CheckName, runCheck } from './operations/diagnose.js';
import { openScreen, type Screen } from './render/screen.js';
import { oneLine, pad, widthOf } from './render/text.js';
import { withNext } from './translate-error.js';

/** What all checks found. */
export interface Diagnosis {
  checks: Check[];
}

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
    const checked = [];
    for (const name of this.names) checked.push(await runCheck(name, settings, this.runtime));
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

  render({ checks }: Diagnosis, { columns, paint }: Screen): string {
    const marks = { ok: paint.green('✔'), failed: paint.red('✖'), skipped: paint.dim('·') };
    return checks
      .map(({ check, status, detail, duration_ms }) => {
        const line = `${oneLine(detail)} ${paint.dim(`${duration_ms} ms`)}`;
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
