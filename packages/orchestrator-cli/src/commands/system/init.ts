import { z } from 'zod';
import { defineCommand } from '../../kit/define-command.js';
import { flagOf } from '../../kit/field.js';
import type { Screen } from '../../kit/screen.js';
import { renderPairs } from '../../kit/table.js';
import { oneLine } from '../../kit/text.js';
import { askStack } from '../../operations/installed-stack.js';

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

export default defineCommand({
  id: 'system.init',
  summary: 'Write the folder that an operator runs every service from',
  effect: 'change',
  notInMcp: 'writes files of this machine',
  description:
    'For operators: writes a folder with all that is needed to run every service as a process of its own, on PostgreSQL ' +
    "and Redis: an environment file for each, with a key of its own, the administrator's token, the key of the vault, the " +
    'agents file, units of systemd and a README. Nothing is asked or started, and no login is needed. DATABASE_URL and ' +
    'REDIS_URL in the environment say where the two are; without them they are left blank, to be written into the files. ' +
    'docs/production.md has the rest. For this the system has to be installed beside the command line, as it is in a checkout.',
  input: () =>
    z.object({
      dir: z.string().meta({ description: 'Folder to write; new, or empty', value: 'DIR' }),
      data_dir: z
        .string()
        .optional()
        .meta({ description: 'Folder for repositories, workers and releases; data in DIR without it', value: 'DIR' }),
      user: z
        .string()
        .optional()
        .meta({ description: 'Account that the services run as; yours without it', value: 'NAME' }),
      release: z.string().optional().meta({
        description: 'Folder that the programs are in, such as a link that an upgrade moves; this checkout without it',
        value: 'DIR',
      }),
      host: z
        .string()
        .optional()
        .meta({ description: 'Address at which deployed projects are served; 127.0.0.1 without it', value: 'ADDRESS' }),
      port: z.int().min(1).max(65_535).optional().meta({ description: 'Port of the API; 8000 without it' }),
      deploy_ports: z.string().optional().meta({ description: 'Ports that projects may get', value: 'FROM-TO' }),
      agent: z.string().optional().meta({ description: 'Agent that develops', value: 'NAME' }),
      agents_file: z.string().optional().meta({ description: 'JSON file that names more agents', value: 'FILE' }),
      turn_timeout: z
        .int()
        .min(1)
        .optional()
        .meta({ description: "Seconds a developer's turn may take", value: 'SECONDS' }),
      template_dir: z.string().optional().meta({ description: 'Template that projects are drawn from', value: 'DIR' }),
      dry_run: z
        .boolean()
        .optional()
        .meta({ description: 'Check everything, tell what would be written, and write nothing' }),
    }),
  examples: [
    'orchestrator system init --dir /srv/codegen/system --user codegen',
    'orchestrator system init --dir ~/system --agents-file agents.json --agent mine --dry-run --json',
  ],
  failsWith: ['STACK_REQUIRED', 'CONFLICT'],

  async run(input, context): Promise<WrittenSystem> {
    const given = (names: readonly (keyof typeof input)[]) =>
      names.flatMap((name) => (input[name] === undefined ? [] : [flagOf(name), String(input[name])]));
    const args = [
      ...given(['dir', 'user', 'release', 'host']),
      ...(input.dry_run ? ['--dry-run'] : []),
      '--',
      ...given(['data_dir', 'port', 'deploy_ports', 'agent', 'agents_file', 'turn_timeout', 'template_dir']),
    ];
    const { written } = await askStack<{ written: WrittenSystem & { warnings: string[] } }>(
      'init',
      args,
      context.runtime,
    );
    const { warnings, ...system } = written;
    context.runtime.warnings.push(...warnings);
    return system;
  },

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
  },
});
