import type { Orchestrator } from '@codegen/sdk';
import { isOrchestratorError } from '@codegen/sdk/errors';
import { choose, inputRequired } from '../kit/prompts.js';
import { isAllowed } from '../permissions.js';

/** Projects that an error names, and those that a question finds. */
const NAMED = 20;
const MOST = 5000;

/** The project to work on: the one the settings name, or the user's choice where a question may be asked. */
export async function chooseProject(
  client: Orchestrator,
  project: string | undefined,
  { mayAsk, signal, env }: { mayAsk: boolean; signal: AbortSignal; env: NodeJS.ProcessEnv },
): Promise<string> {
  if (project !== undefined) return project;
  const choices: string[] = [];
  try {
    if (isAllowed('project.list', env)) {
      for await (const { name, status } of client.projects.list({ limit: mayAsk ? 500 : NAMED }, { signal })) {
        if (status !== 'archived') choices.push(name);
        if (choices.length === (mayAsk ? MOST : NAMED)) break;
      }
    }
  } catch (error) {
    const code = isOrchestratorError(error) ? error.code : undefined;
    // The flag is missing whether or not somebody is logged in, or may list.
    if (code !== 'FORBIDDEN' && (mayAsk || code !== 'NOT_CONFIGURED')) throw error;
  }
  if (!mayAsk || choices.length === 0) throw inputRequired([{ name: '--project', question: 'Project:', choices }]);
  return await choose('Project:', choices, signal);
}
