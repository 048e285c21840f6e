import type { Server } from '@codegen/contracts';
import { BaseCommand } from '../../../base-command.js';
import { pickFields, readFields } from '../../../fields.js';
import { listFlags } from '../../../list-flags.js';
import { renderList } from '../../../render/list.js';
import type { Screen } from '../../../render/screen.js';
import { serverColumns } from '../../../render/server.js';

/** Names of a server's fields, for `--fields`. */
const FIELDS = ['handle', 'kind', 'ip', 'status', 'specs', 'port_from', 'port_to', 'last_health_check'];

/** Lists servers. */
export default class InfraServerList extends BaseCommand<{ items: Partial<Server>[] }> {
  static override description =
    'A project is put on the first active server, by handle, that has a port free, and stays there.';
  static override flags = { fields: listFlags.fields };
  static override examples = [
    'orchestrator infra server list',
    'orchestrator infra server list --fields handle,status',
  ];
  static override failsWith = ['UNAUTHENTICATED', 'FORBIDDEN', 'NETWORK'] as const;

  private fields: string[] | undefined;

  async run(): Promise<{ items: Partial<Server>[] }> {
    const { flags } = await this.parse(InfraServerList);
    this.fields = readFields(flags.fields, FIELDS);
    const { client } = await this.client(flags);
    const items = await client.servers.list({ signal: this.signal });
    return { items: items.map((server) => pickFields(server, this.fields)) };
  }

  render({ items }: { items: Partial<Server>[] }, screen: Screen): string {
    const empty = 'No servers. Next: orchestrator infra server set HANDLE --ip ADDRESS';
    const view = { columns: serverColumns(screen), fields: this.fields, empty };
    return renderList({ items: items as Server[], next_cursor: null }, view, screen);
  }
}
