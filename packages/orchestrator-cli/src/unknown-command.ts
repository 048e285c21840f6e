import { OrchestratorError } from '@codegen/sdk/errors';
import { commandsUnder, commandTable, spoken } from './command-table.js';
import { nearest } from './nearest.js';
import { oneLine } from './render/text.js';

/** The error for words that name no command, with the closest ones. Only the words in question are repeated. */
export function unknownCommand(words: readonly string[]): OrchestratorError {
  const ids = Object.keys(commandTable);
  const [topic = '', verb = ''] = words;
  const inTopic = commandsUnder(topic);
  const typed = oneLine([topic, verb].filter((word) => word !== '').join(' ')).slice(0, 60);
  const message = `there is no command ${JSON.stringify(inTopic.length > 0 ? typed : oneLine(topic).slice(0, 40))}`;
  const topics = [...new Set(ids.map((id) => id.split('.')[0] as string))];
  const close = [...nearest(`${topic} ${verb}`.trim(), ids.map(spoken)), ...nearest(topic, topics)];
  const choices = close.length > 0 ? [...new Set(close)].slice(0, 4) : inTopic.map(spoken);
  const [best] = choices;
  const next = best
    ? { command: `orchestrator ${best} --help`, when: 'if that is what you mean' }
    : { command: 'orchestrator --help', when: 'to see all commands' };
  return new OrchestratorError('UNKNOWN_COMMAND', message, { ...(choices.length > 0 && { choices }), next: [next] });
}
