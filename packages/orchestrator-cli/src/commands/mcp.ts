import { z } from 'zod';
import type { Context } from '../kit/context.js';
import { defineCommand } from '../kit/define-command.js';
import type { Offer } from '../mcp/offer.js';

export default defineCommand({
  id: 'mcp',
  summary: 'Serve the allowed commands as MCP tools',
  effect: 'change',
  notInMcp: 'is the server itself',
  description:
    'Speaks the Model Context Protocol on standard input and output, until standard input ends. The commands that only ' +
    'read are tools, named after them: project list is project_list; those that change something where --allow or ' +
    'ALLOWED_COMMANDS names them. A call answers with the document that --json prints. Nothing is asked, and no call ' +
    'takes longer than 50 seconds unless it says so with timeout: start a task, then wait for it as often as needed.',
  input: () =>
    z.object({
      allow: z.array(z.string()).optional().meta({
        description:
          'Offer these too: ids, topic.*, * or a role, separated by commas; may be given again. Never more than ALLOWED_COMMANDS',
        value: 'A,B',
      }),
    }),
  examples: ['orchestrator mcp', 'orchestrator mcp --allow PRODUCT_OWNER'],

  async run(input, context): Promise<null> {
    const [{ serveMcp }, { offer }] = await Promise.all([import('../mcp/serve-mcp.js'), import('../mcp/offer.js')]);
    const { askKey } = await import('../operations/ask-key.js');
    const key = await askKey(await context.settings(), context.runtime);
    const offered = offer(context.runtime.env.ALLOWED_COMMANDS, input.allow, key);
    // Standard output belongs to the protocol: no envelope comes after it.
    context.runtime.linesOnly = true;
    if (!input.quiet) await tell(context, offered, input.allow !== undefined);
    const { env, signal } = context.runtime;
    const system = { ORCHESTRATOR_PROFILE: input.profile, ORCHESTRATOR_API_URL: input.api_url };
    await serveMcp({ env: { ...env, ...given(system) }, signal }, offered);
    return null;
  },

  render(): string {
    return '';
  },
});

/** For the person who configures a client: what it may do, and how that is changed. */
async function tell(context: Context, { ids, withheld }: Offer, isAsked: boolean): Promise<void> {
  const { env, output } = context.runtime;
  const reads = !isAsked && env.ALLOWED_COMMANDS === undefined;
  const names = ids.map((id) => id.replaceAll('.', '_')).join(', ');
  const what = `${ids.length} tool${ids.length === 1 ? '' : 's'}${reads ? ' that only read' : ''}`;
  const how =
    env.ALLOWED_COMMANDS === undefined
      ? 'More: orchestrator mcp --allow engineering.start,project.* (ids, topics, or a role such as PRODUCT_OWNER)'
      : 'ALLOWED_COMMANDS says what may be offered at most';
  const less =
    withheld > 0 ? `${withheld} more ${withheld === 1 ? 'is' : 'are'} beyond its key: orchestrator auth status\n` : '';
  await output.err(`Offers ${what}: ${names || 'none'}.\n${less}${how}.\n`);
}

/** Those that have a value. */
function given(variables: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => Boolean(entry[1])));
}
