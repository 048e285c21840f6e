import type { ServiceDeployment } from '@codegen/contracts';
import type { Page } from '@codegen/sdk';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../base-command.js';
import { pickFields, readFields } from '../../fields.js';
import { listFlags } from '../../list-flags.js';
import { deploymentColumns } from '../../render/deployment.js';
import { renderList } from '../../render/list.js';
import type { Screen } from '../../render/screen.js';

/** Names of a deployment's fields, for `--fields`. */
const FIELDS = [
  'id',
  'project_id',
  'project_name',
  'service',
  'url',
  'port',
  'commit_sha',
  'deployed_at',
  'server_handle',
  'task_id',
  'request_id',
];

/** Lists what runs where. */
export default class DeployList extends BaseCommand<Page<Partial<ServiceDeployment>>> {
  static override description = 'What runs now; with --all, everything that was ever deployed, newest first.';
  static override flags = {
    project: Flags.string({ description: 'Only what is deployed of this project (ORCHESTRATOR_PROJECT)' }),
    all: Flags.boolean({ description: 'Earlier deployments too' }),
    ...listFlags,
  };
  static override examples = [
    'orchestrator deploy list',
    'orchestrator deploy list --project todo-api --all',
    'orchestrator deploy list --fields project_name,url --json',
  ];
  static override failsWith = ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'] as const;

  private fields: string[] | undefined;

  async run(): Promise<Page<Partial<ServiceDeployment>>> {
    const { flags } = await this.parse(DeployList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client, settings } = await this.client(flags);
    const { limit, cursor } = flags;
    const { project } = settings;
    const query = { current: !flags.all, limit, ...(cursor && { cursor }), ...(project && { project }) };
    const page = await client.deploy.page(query, { signal: this.signal });
    return { ...page, items: page.items.map((deployment) => pickFields(deployment, this.fields)) };
  }

  render(page: Page<Partial<ServiceDeployment>>, screen: Screen): string {
    const empty = 'Nothing is deployed. Next: orchestrator deploy start --project PROJECT --wait';
    const view = { columns: deploymentColumns(), fields: this.fields, empty };
    return renderList(page as Page<ServiceDeployment>, view, screen);
  }
}
