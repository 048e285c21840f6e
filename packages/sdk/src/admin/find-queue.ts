import { type QueueContract, queues } from '@codegen/contracts';
import { OrchestratorError } from '../errors.js';

/** A stream and what the contracts say of it. */
export interface FoundQueue {
  readonly contract: QueueContract;
  readonly stream: string;
  /** What stands for the `{…}` in the contract's name. */
  readonly params: Record<string, string>;
}

const PARAMETER = /\{(\w+)\}/g;

/**
 * The queue of a name: `engineering:queue`, or `worker:developer:w-1:input` for one with parameters.
 * @throws {OrchestratorError} NOT_FOUND, with the names that there are
 */
export function findQueue(name: string): FoundQueue {
  // Names without parameters first: worker:developer:output is no worker's.
  const ordered = [...queues].sort((a, b) => Number(isTemplate(a)) - Number(isTemplate(b)));
  for (const contract of ordered as QueueContract[]) {
    if (contract.stream === name) {
      if (isTemplate(contract)) throw parametersMissing(contract);
      return { contract, stream: name, params: {} };
    }
    const params = isTemplate(contract) && patternOf(contract).exec(name)?.groups;
    if (params) return { contract, stream: name, params: { ...params } };
  }
  throw new OrchestratorError('NOT_FOUND', `there is no queue ${JSON.stringify(name.slice(0, 100))}`, {
    choices: queues.map(({ stream }) => stream),
  });
}

/** The same, for what only work queues have. @throws {OrchestratorError} VALIDATION_FAILED for a log */
export function findWorkQueue(name: string): FoundQueue & { group: string } {
  const found = findQueue(name);
  const { group } = found.contract;
  if (group !== undefined) return { ...found, group };
  throw new OrchestratorError('VALIDATION_FAILED', `${name} is a log: it has no dead letters`, {
    choices: queues.filter(({ kind }) => kind === 'work').map(({ stream }) => stream),
  });
}

/** Whether the contract stands for many streams. */
export function isTemplate({ stream }: QueueContract): boolean {
  return stream.includes('{');
}

/** A pattern of Redis for the streams of a contract. */
export function globOf({ stream }: QueueContract): string {
  return stream.replace(PARAMETER, '*');
}

function patternOf({ stream }: QueueContract): RegExp {
  return new RegExp(`^${stream.replace(PARAMETER, '(?<$1>[\\w.-]{1,200})')}$`);
}

function parametersMissing({ stream }: QueueContract): OrchestratorError {
  const example = { type: 'developer', worker_id: 'w-1', task_id: 'task_1' } as Record<string, string>;
  const filled = stream.replace(PARAMETER, (_, name: string) => example[name] ?? 'x');
  return new OrchestratorError('VALIDATION_FAILED', `${stream} stands for many streams: name one, such as ${filled}`);
}
