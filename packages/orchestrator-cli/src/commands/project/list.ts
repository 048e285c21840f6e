import { type Project, projectStatus } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { pickFields, readFields } from '../../fields.js';
import { listFlags } from '../../list-flags.js';
import { renderList } from '../../render/list.js';
import { projectColumns } from '../../render/project.js';
import type { Screen } from '../../render/screen.js';

/** Names of a project's fields, for `--fields`. */
const FIELDS = [
  'id',
  'name',
  'description',
  'status',
  'modules',
  'repository_url',
  'owner_id',
  'main_sha',
  'manifest',
  'created_at',
  'updated_at',
];

/** Lists projects. */
export default class ProjectList extends BaseCommand<Page<Partial<Project>>> {
  static override flags = {
    status: Flags.string({ description: 'Only projects in this status', options: projectStatus.options }),
    name: Flags.string({ description: 'Only the project of this name' }),
    ...listFlags,
  };
  static override examples = [
    'orchestrator project list',
    'orchestrator project list --status active --fields name,main_sha',
    'orchestrator project list --limit 10 --json',
  ];
  static override failsWith = ['UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;
  private filtered = false;

  async run(): Promise<Page<Partial<Project>>> {
    const { flags } = await this.parse(ProjectList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client } = await this.client(flags);
    const { limit, cursor, name } = flags;
    this.filtered = Boolean(cursor || name || flags.status);
    const status = flags.status as Project['status'] | undefined;
    const query = { limit, ...(cursor && { cursor }), ...(name && { name }), ...(status && { status }) };
    const page = await client.projects.page(query, { signal: this.signal });
    return { ...page, items: page.items.map((project) => pickFields(project, this.fields)) };
  }

  render(page: Page<Partial<Project>>, screen: Screen): string {
    const empty = this.filtered
      ? 'No project fits. Next: orchestrator project list'
      : 'No projects yet. Next: orchestrator project create NAME';
    const view = { columns: projectColumns(screen), fields: this.fields, empty };
    return renderList(page as Page<Project>, view, screen);
  }
}
