import { OrchestratorError } from '@codegen/sdk/errors';
import { type CommandId, commandName, commandsUnder, commandTable } from '../command-table.js';
import { nearest } from './nearest.js';

/** What a mistyped command looks like. Anything else may be a value in the wrong place, even a secret. */
const COMMAND_WORD = /^[a-z][a-z-]{0,24}$/;

/** The error for words that name no command, with the closest ones. Only words that look like commands are repeated. */
export function unknownCommand(words: readonly string[]): OrchestratorError {
  const ids = Object.keys(commandTable) as CommandId[];
  const [topic = '', verb = ''] = words;
  const inTopic = commandsUnder(topic);
  const typed = (inTopic.length > 0 ? [topic, verb] : [topic]).filter((word) => word !== '');
  const message = typed.every((word) => COMMAND_WORD.test(word))
    ? `there is no command "${typed.join(' ')}"`
    : `there is no such command${inTopic.length > 0 ? ` under "${topic}"` : ''}`;
  const topics = [...new Set(ids.map((id) => id.split('.')[0] as string))];
  // What destroys is proposed only for what looks like it.
  const harmless = (id: CommandId) => commandTable[id].effect !== 'destroy';
  // The right verb under the wrong topic.
  const sameVerb = inTopic.length > 0 ? ids.filter((id) => id.endsWith(`.${verb}`) && harmless(id)) : [];
  // A topic is no command: those in it can be run.
  const inNear = nearest(topic, topics).flatMap((near) => commandsUnder(near).filter(harmless));
  const close = [
    ...sameVerb.map(commandName),
    ...nearest(`${topic} ${verb}`.trim(), ids.map(commandName)),
    ...inNear.map(commandName),
  ];
  const choices = close.length > 0 ? [...new Set(close)].slice(0, 4) : inTopic.map(commandName);
  const [best] = choices;
  const next = best
    ? { command: `orchestrator ${best} --help`, when: 'if that is what you mean' }
    : { command: 'orchestrator --help', when: 'to see all commands' };
  return new OrchestratorError('UNKNOWN_COMMAND', message, { ...(choices.length > 0 && { choices }), next: [next] });
}

/** The error for a flag in front of words that name no command: one of them may be its value, so they are not repeated. */
export function strayFlag(flag: string): OrchestratorError {
  const next = [{ command: 'orchestrator --help', when: 'to see all commands' }];
  const message = `${flag} stands before a command; a command's own flags come after its name`;
  return new OrchestratorError('USAGE', message, { next });
}
