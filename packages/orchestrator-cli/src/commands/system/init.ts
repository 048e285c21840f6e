import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { askStack } from '../../operations/installed-stack.js';
import type { Screen } from '../../render/screen.js';
import { renderPairs } from '../../render/table.js';
import { oneLine } from '../../render/text.js';

/** A folder that a system is run from, or would be. */
interface WrittenSystem {
  dir: string;
  dry_run: boolean;
  user: string;
  agent: string;
  data_dir: string;
  /** Below the folder, with their permissions. */
  files: { path: string; mode: string }[];
  /** What the operator still has to write, and where. */
  blanks: { variable: string; files: string[] }[];
}

/** Writes the folder from which an operator runs every service by itself. */
export default class SystemInit extends BaseCommand<WrittenSystem> {
  static override description =
    'For operators: writes a folder with all that is needed to run every service as a process of its own, on PostgreSQL ' +
    "and Redis: an environment file for each, with a key of its own, the administrator's token, the key of the vault, the " +
    'agents file, units of systemd and a README. Nothing is asked or started, and no login is needed. DATABASE_URL and ' +
    'REDIS_URL in the environment say where the two are; without them they are left blank, to be written into the files. ' +
    'docs/production.md has the rest. For this the system has to be installed beside the command line, as it is in a checkout.';
  static override flags = {
    dir: Flags.string({ description: 'Folder to write; new, or empty', helpValue: 'DIR', required: true }),
    'data-dir': Flags.string({
      description: 'Folder for repositories, workers and releases; data in DIR without it',
      helpValue: 'DIR',
    }),
    user: Flags.string({ description: 'Account that the services run as; yours without it', helpValue: 'NAME' }),
    release: Flags.string({
      description: 'Folder that the programs are in, such as a link that an upgrade moves; this checkout without it',
      helpValue: 'DIR',
    }),
    host: Flags.string({
      description: 'Address at which deployed projects are served; 127.0.0.1 without it',
      helpValue: 'ADDRESS',
    }),
    port: Flags.integer({ description: 'Port of the API; 8000 without it', min: 1, max: 65_535 }),
    'deploy-ports': Flags.string({ description: 'Ports that projects may get', helpValue: 'FROM-TO' }),
    agent: Flags.string({ description: 'Agent that develops', helpValue: 'NAME' }),
    'agents-file': Flags.string({ description: 'JSON file that names more agents', helpValue: 'FILE' }),
    'turn-timeout': Flags.integer({ description: "Seconds a developer's turn may take", min: 1, helpValue: 'SECONDS' }),
    'template-dir': Flags.string({ description: 'Template that projects are drawn from', helpValue: 'DIR' }),
    'dry-run': Flags.boolean({ description: 'Check everything, tell what would be written, and write nothing' }),
  };
  static override examples = [
    'orchestrator system init --dir /srv/codegen/system --user codegen',
    'orchestrator system init --dir ~/system --agents-file agents.json --agent mine --dry-run --json',
  ];
  static override failsWith = ['STACK_REQUIRED', 'CONFLICT'] as const;

  async run(): Promise<WrittenSystem> {
    const { flags } = await this.parse(SystemInit);
    const given = (names: readonly (keyof typeof flags)[]) =>
      names.flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, String(flags[name])]));
    const args = [
      ...given(['dir', 'user', 'release', 'host']),
      ...(flags['dry-run'] ? ['--dry-run'] : []),
      '--',
      ...given(['data-dir', 'port', 'deploy-ports', 'agent', 'agents-file', 'turn-timeout', 'template-dir']),
    ];
    const { written } = await askStack<{ written: WrittenSystem & { warnings: string[] } }>('init', args, this.runtime);
    const { warnings, ...system } = written;
    this.runtime.warnings.push(...warnings);
    return system;
  }

  render({ dir, dry_run, files, blanks, user, agent }: WrittenSystem, screen: Screen): string {
    const { paint } = screen;
    const done = dry_run ? paint.bold('Would write') : paint.green('Wrote');
    const pairs = renderPairs(
      [
        ['folder', oneLine(dir)],
        ['runs as', user],
        ['agent', oneLine(agent)],
        ['files', files.map(({ path }) => path).join(', ')],
        ...blanks.map(({ variable, files: where }) => ['blank', `${variable} in ${where.join(', ')}`] as const),
      ],
      screen,
    );
    const next = dry_run ? '' : `\n${paint.bold('Next:')} read ${oneLine(dir)}/README.md`;
    return `${done} a system of ${files.filter(({ path }) => path.startsWith('env/')).length} services\n${pairs}${next}`;
  }
}
