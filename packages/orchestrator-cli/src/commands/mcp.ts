import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../base-command.js';
import type { Offer } from '../mcp/offer.js';

/** Serves commands as MCP tools. */
export default class Mcp extends BaseCommand<null> {
  static override description =
    'Speaks the Model Context Protocol on standard input and output, until standard input ends. The commands that only ' +
    'read are tools, named after them: project list is project_list; those that change something where --allow or ' +
    'ALLOWED_COMMANDS names them. A call answers with the document that --json prints. Nothing is asked, and no call ' +
    'takes longer than 50 seconds unless it says so with timeout: start a task, then wait for it as often as needed.';
  static override flags = {
    allow: Flags.string({
      description:
        'Offer these too: ids, topic.*, * or a role, separated by commas; may be given again. Never more than ALLOWED_COMMANDS',
      helpValue: 'A,B',
      multiple: true,
      multipleNonGreedy: true,
    }),
  };
  static override examples = ['orchestrator mcp', 'orchestrator mcp --allow PRODUCT_OWNER'];

  async run(): Promise<null> {
    const { flags } = await this.parse(Mcp);
    const [{ serveMcp }, { offer }] = await Promise.all([import('../mcp/serve-mcp.js'), import('../mcp/offer.js')]);
    const { askKey } = await import('../operations/ask-key.js');
    const key = await askKey(await this.settings(flags), this.runtime);
    const offered = offer(this.runtime.env.ALLOWED_COMMANDS, flags.allow, key);
    // Standard output belongs to the protocol: no envelope comes after it.
    this.runtime.linesOnly = true;
    if (!flags.quiet) await this.tell(offered, flags.allow !== undefined);
    const { env, signal } = this.runtime;
    const system = { ORCHESTRATOR_PROFILE: flags.profile, ORCHESTRATOR_API_URL: flags['api-url'] };
    await serveMcp({ env: { ...env, ...given(system) }, signal }, offered);
    return null;
  }

  render(): string {
    return '';
  }

  /** For the person who configures a client: what it may do, and how that is changed. */
  private async tell({ ids, withheld }: Offer, isAsked: boolean): Promise<void> {
    const { env, output } = this.runtime;
    const reads = !isAsked && env.ALLOWED_COMMANDS === undefined;
    const names = ids.map((id) => id.replaceAll('.', '_')).join(', ');
    const what = `${ids.length} tool${ids.length === 1 ? '' : 's'}${reads ? ' that only read' : ''}`;
    const how =
      env.ALLOWED_COMMANDS === undefined
        ? 'More: orchestrator mcp --allow engineering.start,project.* (ids, topics, or a role such as PRODUCT_OWNER)'
        : 'ALLOWED_COMMANDS says what may be offered at most';
    const less =
      withheld > 0
        ? `${withheld} more ${withheld === 1 ? 'is' : 'are'} beyond its key: orchestrator auth status\n`
        : '';
    await output.err(`Offers ${what}: ${names || 'none'}.\n${less}${how}.\n`);
  }
}

/** Those that have a value. */
function given(variables: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
