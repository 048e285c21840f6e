import type { Orchestrator } from '@codegen/sdk';
import { isAllowed } from '../permissions.js';
import { ask, inputRequired } from '../prompts.js';

/** The project to work on: the one the settings name, or the user's choice where a question may be asked. */
export async function chooseProject(
  client: Orchestrator,
  project: string | undefined,
  { mayAsk, signal, env }: { mayAsk: boolean; signal: AbortSignal; env: NodeJS.ProcessEnv },
): Promise<string> {
  if (project !== undefined) return project;
  const { items } = isAllowed('project.list', env)
    ? await client.projects.page({ limit: 20 }, { signal })
    : { items: [] };
  const choices = items.map(({ name }) => name);
  const input = { name: '--project', question: 'Project:', choices };
  if (!mayAsk || choices.length === 0) throw inputRequired([input]);
  return await ask(input, signal);
}
