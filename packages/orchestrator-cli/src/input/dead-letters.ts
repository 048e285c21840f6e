import { OrchestratorError } from '@codegen/sdk/errors';
import { absent, inputRequired } from '../kit/prompts.js';

/** The ids given, or undefined where another way of choosing was. @throws OrchestratorError USAGE for two ways, INPUT_REQUIRED for none */
export function chosenIds(
  { queue, ids }: { queue?: string | undefined; ids?: string | undefined },
  others: Record<string, unknown>,
): string[] | undefined {
  const given = Object.entries(others).filter(([, value]) => value !== undefined && value !== false);
  const names = ['IDS', ...Object.keys(others)];
  if (given.length > 1 || (given.length === 1 && ids !== undefined)) {
    throw new OrchestratorError('USAGE', `${names.join(' and ')} exclude each other`);
  }
  if (ids !== undefined) return ids.split(',').filter((id) => id !== '');
  if (given.length === 1) return undefined;
  throw inputRequired([...absent({ QUEUE: queue }), names.map((name) => ({ name, question: 'Which ones:' }))]);
}
