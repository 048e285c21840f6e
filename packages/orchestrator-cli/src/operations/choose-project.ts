import type { Orchestrator } from '@codegen/sdk';
import { ask, inputRequired } from '../prompts.js';

/** The project to work on: the one the settings name, or the user's choice where a question may be asked. */
export async function chooseProject(
  client: Orchestrator,
  project: string | undefined,
  { mayAsk, signal }: { mayAsk: boolean; signal: AbortSignal },
): Promise<string> {
  if (project !== undefined) return project;
  const { items } = await client.projects.page({ limit: 20 }, { signal });
  const choices = items.map(({ name }) => name);
  const input = { name: '--project', question: 'Project:', choices };
  if (!mayAsk || choices.length === 0) throw inputRequired([input]);
  return await ask(input, signal);
}
