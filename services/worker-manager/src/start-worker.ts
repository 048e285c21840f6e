import type { CreateWorkerCommand } from '@codegen/contracts';
import { isOrchestratorError, isRefusal, PermanentError } from '@codegen/sdk/errors';
import { systemFault } from '@codegen/sdk/files';
import { sayFailed } from '@codegen/sdk/queue';
import { textOf } from '@codegen/sdk/text';
import type { AgentCommand } from './agents-file.js';
import { respond } from './answer-commands.js';
import { answerInputs, removeInputs, type TurnFailure } from './answer-inputs.js';
import { findRepository } from './find-repository.js';
import { dropWorker, forgetWorker, type Manager, silentWorker } from './manager.js';
import { askedTooMuch, type Refusal, RefusedError, resolveEnvironment } from './resolve-environment.js';
import type { WorkerSpec } from './runtimes/runtime.js';
import type { WorkerRecord } from './worker-records.js';

/** Starts a worker that waits; one that cannot be started for now goes on waiting. */
export function startWaiting(workerId: string, manager: Manager): Promise<void> {
  return manager.locks.run(workerId, async () => {
    const record = manager.records.get(workerId);
    if (record?.state === 'queued') await startWorker(record, manager);
  });
}

async function startWorker(record: WorkerRecord, manager: Manager): Promise<void> {
  const { records, runtime, ownership, logger } = manager;
  let spec: WorkerSpec;
  try {
    spec = await workerSpec(record, manager);
    await manager.runtime.prepare(record.worker_id, firstFiles(record));
  } catch (error) {
    // The API being away is no fault of the work: the worker keeps its place in the queue.
    if (isOrchestratorError(error) && error.retryable) {
      sayFailed(logger, error, 'a worker waits for the API', { worker_id: record.worker_id });
      return;
    }
    // Nor is it that this service is not let in: whoever starts it anew goes on.
    if (isRefusal(error)) {
      manager.refused(error);
      return;
    }
    await refuse(record, await failureOf(error), manager);
    return;
  }
  const starting: WorkerRecord = { ...record, state: 'starting', started_at: Date.now() };
  // In Redis first: who takes over this manager's workers then knows that this one may run.
  const claimed = await ownership.claim(starting);
  if (claimed !== 'own') return dropWorker(record.worker_id, claimed, manager);
  await records.put(starting);
  let started: WorkerRecord;
  try {
    started = { ...starting, handle: await runtime.start(spec, () => manager.lookSoon()) };
    await records.put(started);
  } catch (error) {
    const fault = await faultOf(error);
    const failure = fault ?? {
      reason: 'spawn_failed' as const,
      error: `the worker cannot be started: ${textOf(error)}`,
    };
    await refuse(record, failure, manager);
    return;
  }
  logger.debug({ worker_id: record.worker_id, agent_config: record.config.agent_config }, 'worker started');
  // Whoever takes over recognises it by its handle.
  await ownership.tell();
  await answerCreate(started, manager);
}

/** Answers the create of a worker that has started, or was lost, unless that was done. */
export async function answerCreate(record: WorkerRecord, { redis, records }: Manager): Promise<void> {
  if (record.answered) return;
  const { request_id, worker_id, state, failure } = record;
  const lost = { success: false, worker_id: null, error: failure?.error ?? 'the worker was lost' };
  await respond(redis, { request_id, ...(state === 'lost' ? lost : { success: true, worker_id }) });
  await records.put({ ...record, answered: true });
}

/** Why there is no worker: for its turns, and for whoever asked for it. */
type Failure = TurnFailure & Partial<Refusal>;

/** Answers a create that cannot be served, together with the inputs that came with it or still come. */
export async function refuse(
  record: Pick<WorkerRecord, 'worker_id' | 'request_id' | 'config' | 'context'>,
  { refusal, ...failure }: Failure,
  manager: Manager,
): Promise<void> {
  const { gone, redis, runtime, logger } = manager;
  const worker = silentWorker(record as WorkerRecord);
  logger.warn({ worker_id: worker.worker_id, task_id: worker.context.task_id, ...failure }, 'a worker is refused');
  await gone.add({ ...worker, ...failure, gone_at: Date.now() });
  await runtime.end(worker.worker_id);
  await answerInputs(redis, worker, failure);
  await removeInputs(redis, worker);
  const answer = { request_id: record.request_id, success: false, worker_id: null, error: failure.error };
  await respond(redis, { ...answer, ...(refusal && { reason: refusal }) });
  await forgetWorker(worker.worker_id, manager);
}

/** Why a create cannot be served, whatever else happens; undefined where it can. */
export function refusal(
  { config }: Pick<CreateWorkerCommand, 'config'>,
  { agents, sources }: Pick<Manager, 'agents' | 'sources'>,
): Failure | undefined {
  if (config.agent !== 'custom') {
    const error = `the agent ${config.agent} is not available here: use custom with an agent_config`;
    return { reason: 'unknown_agent', refusal: 'unknown_agent', error };
  }
  const name = config.agent_config;
  if (name === undefined || !Object.hasOwn(agents, name)) {
    const known = Object.keys(agents).sort().join(', ') || 'none';
    const asked = name === undefined ? 'agent_config is missing' : `there is no agent named ${JSON.stringify(name)}`;
    return { reason: 'unknown_agent', refusal: 'unknown_agent', error: `${asked}; the agents file knows: ${known}` };
  }
  const tooMuch = askedTooMuch(config.env_vars, agents[name] as AgentCommand, sources);
  return tooMuch && { reason: 'spawn_failed', ...tooMuch };
}

async function workerSpec(record: WorkerRecord, manager: Manager): Promise<WorkerSpec> {
  const { config, context, worker_id: workerId } = record;
  // The agents may be others than when the worker was asked for.
  const refused = refusal(record, manager);
  if (refused) throw new FailedStart(refused);
  const agent = manager.agents[config.agent_config as string] as Manager['agents'][string];
  const environment = await resolveEnvironment(agent, { env_vars: config.env_vars, context }, manager.sources);
  return {
    workerId,
    workerType: config.worker_type ?? 'developer',
    agent: { name: config.agent, command: agent.command, ...environment },
    ...(config.repo && {
      repo: {
        url: await findRepository(config.repo, context.project_id, manager),
        ref: config.repo.ref,
        readOnly: config.repo.read_only,
      },
    }),
  };
}

function firstFiles({ config: { instructions } }: WorkerRecord): Record<string, string> {
  return instructions === undefined ? {} : { 'home/CLAUDE.md': instructions, 'home/AGENTS.md': instructions };
}

/** A refusal that is known by its reason as well. */
class FailedStart extends Error {
  constructor(readonly failure: Failure) {
    super(failure.error);
  }
}

/** Whose machine it is, as its operator calls it. */
const MACHINE = 'worker-manager';

/** The failure of a worker whose machine is at fault: another one may be asked for later. */
export async function faultOf(error: unknown): Promise<TurnFailure | undefined> {
  const fault = await systemFault(error, { whose: MACHINE, folders: [] });
  return fault === undefined ? undefined : { reason: 'spawn_failed', error: fault, system_fault: fault };
}

async function failureOf(error: unknown): Promise<Failure> {
  if (error instanceof FailedStart) return error.failure;
  if (error instanceof RefusedError) return { reason: 'spawn_failed', ...error.refused };
  const fault = await faultOf(error);
  if (fault) return fault;
  const text = error instanceof PermanentError ? error.message : `the worker cannot be prepared: ${textOf(error)}`;
  return { reason: 'spawn_failed', error: text };
}
