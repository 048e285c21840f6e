import { OrchestratorError, paste } from '@codegen/sdk/errors';
import { nearest } from '../kit/nearest.js';
import { oneLine } from '../kit/text.js';

/** Characters of an unknown name that are told and compared. */
const MOST_SHOWN = 60;

/** What is said of a name that no model has. */
export function noSuchModel(name: string): string {
  return `there is no model ${JSON.stringify(oneLine(name.slice(0, MOST_SHOWN)))}`;
}

/** The error for such a name, with the closest one of those that there are. */
export function unknownModelError(
  code: 'NOT_FOUND' | 'VALIDATION_FAILED',
  name: string,
  known: readonly string[],
): OrchestratorError {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[\s_.-]/g, '');
  const [close] = nearest(plain(name.slice(0, MOST_SHOWN)), known.map(plain), 1);
  const near = known.find((one) => plain(one) === close);
  const message = noSuchModel(name) + (near ? `; did you mean ${near}?` : '');
  const next = near
    ? { command: paste`orchestrator contracts schema ${near}`, when: 'if that is what you mean' }
    : { command: 'orchestrator contracts list', when: 'to see which models there are' };
  return new OrchestratorError(code, message, { choices: [...known], next: [next] });
}
