import { secret } from '@codegen/contracts';
import { paste } from '@codegen/sdk/errors';
import { z } from 'zod';
import { fieldsInput, projectInput } from '../../input/fields.js';
import { chooseProject } from '../../input/project.js';
import { defineCommand } from '../../kit/define-command.js';
import { renderList } from '../../kit/list.js';
import { pickFields, splitNames } from '../../kit/parse.js';
import type { Screen } from '../../kit/screen.js';
import { type ListedSecret, secretColumns } from '../../render/secret.js';

export default defineCommand({
  id: 'secret.list',
  summary: "List a project's secrets, and those that a deploy still needs",
  effect: 'read',
  description:
    'Names alone: a value is never shown. What .project.yml on main requires and nobody has set yet is `missing`; a ' +
    'deploy waits for it.',
  input: () =>
    z.object({
      ...projectInput(),
      ...fieldsInput([...Object.keys(secret.shape), 'state']),
    }),
  examples: ['orchestrator secret list --project todo-api', 'orchestrator secret list --json'],
  failsWith: ['PROJECT_NOT_FOUND', 'UNAUTHENTICATED', 'NETWORK'],

  async run(input, context): Promise<{ items: Partial<ListedSecret>[] }> {
    const { client, settings } = await context.client();
    const call = { signal: context.signal };
    const project = await chooseProject(client, settings.project, context.asking);
    context.project = project;
    const [secrets, missing] = await Promise.all([
      client.secrets.list(project, call),
      client.secrets.missing(project, call),
    ]);
    const listed: ListedSecret[] = [
      ...missing.map((name) => ({ name, state: 'missing' as const, reference: null, updated_at: null })),
      ...secrets.map((secret) => ({ ...secret, state: 'set' as const })),
    ];
    return { items: listed.map((secret) => pickFields(secret, splitNames(input.fields))) };
  },

  render({ items }: { items: Partial<ListedSecret>[] }, screen: Screen, context): string {
    const list = { items: items as ListedSecret[], next_cursor: null };
    const empty = 'No secrets, and .project.yml requires none.';
    const text = renderList(
      list,
      { columns: secretColumns(screen), fields: splitNames(context.input.fields), empty },
      screen,
    );
    const missing = list.items.find(({ state }) => state === 'missing');
    if (!missing) return text;
    return `${text}\n${screen.paint.bold('Next:')} ${paste`orchestrator secret set ${missing.name} --project ${String(context.project)}`}`;
  },
});
